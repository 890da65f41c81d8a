# Predicted against measured: both axes logarithmic.
set grid xtics ytics ls 21
