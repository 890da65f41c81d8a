# Curves over both axes.
set grid xtics ytics ls 21
