"""Where the figures come from: machine, versions, date."""

import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path


def describe(root: Path) -> dict:
    """The machine as it is now. Goes into every result."""
    info = dict(
        line.split(":", 1)
        for line in _read("/proc/cpuinfo").replace("\t", "").splitlines()
        if ":" in line
    )
    memory = next((line for line in _read("/proc/meminfo").splitlines() if line.startswith("MemTotal")), "")
    return {
        "cpu": info.get("model name", platform.processor() or platform.machine()).strip(),
        "cores": os.cpu_count(),
        "virtual": "hypervisor" in info.get("flags", ""),
        "memory_gib": round(int(memory.split()[1]) / 2**20) if memory else None,
        "kernel": f"{platform.system()} {platform.release()}",
        "rustc": _output(["rustc", "--version"], root),
        "commit": _output(["git", "describe", "--always", "--dirty"], root),
    }


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _output(command: list[str], root: Path) -> str:
    try:
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
