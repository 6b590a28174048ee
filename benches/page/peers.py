"""The servers that are compared."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from server_load import Server, own_servers

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "benches/peers"


@dataclass(frozen=True)
class Peer:
    """A server, or one way to use it."""

    name: str
    label: str
    folder: str = ""
    """Of benches/peers; its name, unless it is another way to use one."""
    mode: str = "direct"
    generator: tuple[str, ...] = ()
    """What generates its load, if `voxtra load` can't."""

    @property
    def launcher(self) -> Path:
        return FOLDER / (self.folder or self.name) / "run"

    @property
    def echoes(self) -> bool:
        """Some only play something, for the spacing of their frames."""
        return self.launcher.exists()

    def server(self) -> Server:
        """How to run it. Whatever takes long to install was installed before."""
        if not self.echoes:
            return own_servers()[self.name]
        return Server(
            self.name, [str(self.launcher), "{port}", self.mode], start_seconds=60, generator=[str(part) for part in self.generator]
        )

    def version(self) -> str | None:
        """Installs or builds it, and says what it is; `None` if that failed, after it has said why."""
        done = subprocess.run([self.launcher, "--version"], stdout=subprocess.PIPE, text=True)
        return done.stdout.strip() if done.returncode == 0 else None


PEERS = [
    Peer("voxtra", "**Voxtra**"),
    Peer("voxtra-gathering", "the same, `--batch-above-load 0`", folder="voxtra", mode="gathering"),
    Peer("bare-echo", "bare tokio echo"),
    Peer("audiosocket", "crate `audiosocket`"),
    Peer("asterisk-audiosocket", "Node `asterisk-audiosocket`"),
    Peer("asterisk-audiosocket-paced", "the same, echoing with `play()`", folder="asterisk-audiosocket", mode="paced"),
    Peer("asterisk-ai-voice-agent", "Python `asterisk-ai-voice-agent`"),
    Peer("asterisk-ai-voice-agent-paced", "the same, echoing with `play()`", folder="asterisk-ai-voice-agent", mode="paced"),
    Peer("python-voxtra", "Python `voxtra`, in its own framing", generator=(FOLDER / "python-voxtra/load.py",)),
]

# Whose frames are paced, and the least that a machine can do.
PACED = [
    Peer("paced_playback", "**Voxtra**, an agent that never stops talking"),
    Peer("paced_timer", "bare timer loop"),
    *(peer for peer in PEERS if peer.mode == "paced"),
]

# Whose agents converse with providers that take no time: benches/conversation.py.
CONVERSING = [
    Peer("voxtra-agent", "**Voxtra**"),
    Peer("pipecat", "`pipecat-ai`"),
    Peer("livekit-agents", "`livekit-agents`"),
]
