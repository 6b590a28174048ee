#!/bin/sh
# Makes the recorded speech of `voxtra demo`: 8 kHz, 16-bit, mono WAV files beside this script.
# Needs the programs flite and sox (Debian: apt-get install flite sox), and python3. Run it after
# changing a line below.
set -eu
cd "$(dirname "$0")"

# say VOICE STRETCH NAME TEXT: speaks, trims the silence at both ends, levels, and brings it to
# telephone quality.
say() {
    flite -voice "$1" --setf duration_stretch="$2" -t "$4" -o "$3.tmp.wav"
    sox -D "$3.tmp.wav" "$3.trim.wav" silence 1 0.01 0.3% reverse silence 1 0.01 0.3% reverse
    sox -D "$3.trim.wav" -r 8000 -b 16 -c 1 "$3.wav" highpass 120 gain -n -4 fade t 0.008 0 0.012 pad 0.04 0.06
    rm "$3.tmp.wav" "$3.trim.wav"
}

# The agent.
say rms 0.86 agent-hello    "Hello, this is Voxtra. Tell me something, and I will say it back to you."
say rms 0.86 agent-you-said "You said:"
say rms 0.92 agent-explain  "Every twenty milliseconds I hear a frame of your voice, and decide whether you are speaking. While I talk, I go on listening, so you may interrupt me at any time."
say rms 0.86 agent-press    "All right. Please press some keys, and end with hash."
say rms 0.88 agent-goodbye  "Forty two. A fine answer. Thank you for calling. Goodbye."

# The caller.
say slt 0.92 caller-hello   "The weather is lovely here this morning."
say slt 0.88 caller-stop    "Stop, thank you. That is enough."
python3 cough.py caller-cough.wav
