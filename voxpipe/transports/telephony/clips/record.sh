#!/bin/sh
# Makes the sentence that a caller hears when something has failed: Debian's flite
# (BSD-like licence), voice "slt", as a telephone carries it. Run it in this folder.
set -eu
text="I am sorry, there is a technical problem. Please call again later."
flite -voice slt -t "$text" -o apology.pcm.wav
sox apology.pcm.wav -r 8000 -c 1 -e mu-law apology.wav gain -n -6
rm apology.pcm.wav
