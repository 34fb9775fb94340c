#!/bin/sh
# A program for the executor "command": writes a card with the first words of the prompt on it.
#   promptmesh run examples/prompts.txt --config examples/command/promptmesh.json --out cards
# The prompt comes on standard input, its seed in PROMPTMESH_SEED; files for the result go to PROMPTMESH_OUT.
set -eu
hue=$((PROMPTMESH_SEED % 360))
words=$(head -n 1 | cut -d ' ' -f 1-6 | tr -d '\000-\037' | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g')
cat > "$PROMPTMESH_OUT/card.svg" <<END
<svg xmlns="http://www.w3.org/2000/svg" width="512" height="320">
  <rect width="512" height="320" fill="hsl($hue, 45%, 88%)"/>
  <circle cx="256" cy="130" r="70" fill="hsl($hue, 55%, 55%)"/>
  <text x="256" y="260" text-anchor="middle" font-family="sans-serif" font-size="24" fill="hsl($hue, 60%, 20%)">$words</text>
</svg>
END
