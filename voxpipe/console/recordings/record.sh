#!/bin/sh
# Makes the callers speak: Debian's flite (BSD-like licence), voice
# "slt", 16 kHz mono. Run it in this folder after changing a .txt file.
set -eu
for text in *.txt; do
    flite -voice slt -f "$text" -o "${text%.txt}.wav"
done
