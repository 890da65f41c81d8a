# Lying bars: names stand at the left, so the frame is the lower axis alone.
set border 1
set grid xtics ls 21
