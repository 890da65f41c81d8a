# Looks that all charts share: colours of Okabe and Ito (2008), which colour-blind readers tell apart,
# each with a point and a dash of its own for print in grey. A chart adds places, ranges and data.
set border 3 lc rgb '#444444' lw 0.8
set tics nomirror out scale 0.7,0.35 textcolor rgb '#222222'
set pointsize 0.7
# roofs of machines
set style line 1 lc rgb '#333333' lw 1.6 dt 1
set style line 2 lc rgb '#7A7A7A' lw 1.6 dt 1
set style line 3 lc rgb '#333333' lw 1.2 dt (8,4)
set style line 4 lc rgb '#7A7A7A' lw 1.2 dt (3,3)
set style line 5 lc rgb '#333333' lw 1.2 dt (12,3,2,3)
set style line 6 lc rgb '#7A7A7A' lw 1.2 dt (12,3,2,3)
set style line 7 lc rgb '#333333' lw 1.2 dt (3,3)
set style line 8 lc rgb '#7A7A7A' lw 1.2 dt (8,4)
set style line 9 lc rgb '#333333' lw 1.2 dt (16,6)
set style line 10 lc rgb '#7A7A7A' lw 1.2 dt (16,6)
set style line 11 lc rgb '#333333' lw 1.2 dt (8,3,2,3,2,3)
set style line 12 lc rgb '#7A7A7A' lw 1.2 dt (8,3,2,3,2,3)
# grid, leaders, ridges, limits
set style line 21 lc rgb '#DDDDDD' lw 0.5 dt 1
set style line 22 lc rgb '#888888' lw 0.6 dt 1
set style line 23 lc rgb '#999999' lw 0.7 dt (2,3)
set style line 24 lc rgb '#000000' lw 1.6 dt 1
# points that were measured
set style line 25 lc rgb '#000000' lw 1.2 pt 2 ps 0.9
set style line 26 lc rgb '#666666' lw 1.2 pt 1 ps 0.9
set style line 27 lc rgb '#000000' lw 1.2 pt 3 ps 0.9
set style line 28 lc rgb '#666666' lw 1.2 pt 12 ps 0.9
# texts: dim ones, strong ones
set style line 29 lc rgb '#555555'
set style line 30 lc rgb '#000000'
# bars: solid and hatched in turn, so that neighbours differ in grey
rl_half = 0.36
rl_fill31 = "fc rgb '#0072B2' fs solid 1 border lc rgb '#00406A'"
rl_fill32 = "fc rgb '#E69F00' fs solid 1 border lc rgb '#7A5400'"
rl_fill33 = "fc rgb '#56B4E9' fs pattern 4 border lc rgb '#2A6C92'"
rl_fill34 = "fc rgb '#D55E00' fs pattern 2 border lc rgb '#7A3600'"
rl_fill35 = "fc rgb '#009E73' fs pattern 5 border lc rgb '#005A41'"
rl_fill36 = "fc rgb '#CC79A7' fs solid 1 border lc rgb '#7D4265'"
rl_fill37 = "fc rgb '#F0E442' fs solid 1 border lc rgb '#8A8200'"
rl_fill38 = "fc rgb '#777777' fs solid 1 border lc rgb '#333333'"
# over points that do not fit in memory
set style line 39 lc rgb '#000000' lw 0.9 pt 2 ps 0.8
# rings where something changes
set style line 40 lc rgb '#000000' lw 1 pt 6 ps 1.1
# series: filled and hollow shapes, then other ones in the same colours and other dashes
set style line 101 lc rgb '#0072B2' lw 1.4 pt 7 dt 1
set style line 102 lc rgb '#D55E00' lw 1.4 pt 5 dt 2
set style line 103 lc rgb '#009E73' lw 1.4 pt 9 dt 4
set style line 104 lc rgb '#CC79A7' lw 1.4 pt 13 dt 3
set style line 105 lc rgb '#E69F00' lw 1.4 pt 11 dt 5
set style line 106 lc rgb '#56B4E9' lw 1.4 pt 6 dt 1
set style line 107 lc rgb '#000000' lw 1.4 pt 4 dt 2
set style line 108 lc rgb '#B3A800' lw 1.4 pt 8 dt 4
set style line 109 lc rgb '#8C6239' lw 1.4 pt 15 dt 5
set style line 110 lc rgb '#D55E00' lw 1.4 pt 12 dt 1
set style line 111 lc rgb '#009E73' lw 1.4 pt 10 dt 2
set style line 112 lc rgb '#CC79A7' lw 1.4 pt 14 dt 4
set style line 113 lc rgb '#E69F00' lw 1.4 pt 7 dt 3
set style line 114 lc rgb '#56B4E9' lw 1.4 pt 5 dt 5
set style line 115 lc rgb '#000000' lw 1.4 pt 9 dt 1
set style line 116 lc rgb '#B3A800' lw 1.4 pt 13 dt 2
set style line 117 lc rgb '#0072B2' lw 1.4 pt 11 dt 3
set style line 118 lc rgb '#D55E00' lw 1.4 pt 6 dt 5
set style line 119 lc rgb '#009E73' lw 1.4 pt 4 dt 1
set style line 120 lc rgb '#CC79A7' lw 1.4 pt 8 dt 2
set style line 121 lc rgb '#E69F00' lw 1.4 pt 15 dt 4
set style line 122 lc rgb '#56B4E9' lw 1.4 pt 12 dt 3
set style line 123 lc rgb '#000000' lw 1.4 pt 10 dt 5
set style line 124 lc rgb '#B3A800' lw 1.4 pt 14 dt 1
set style line 125 lc rgb '#009E73' lw 1.4 pt 7 dt 4
set style line 126 lc rgb '#CC79A7' lw 1.4 pt 5 dt 3
set style line 127 lc rgb '#E69F00' lw 1.4 pt 9 dt 5
set style line 128 lc rgb '#56B4E9' lw 1.4 pt 9 dt 1
set style line 129 lc rgb '#000000' lw 1.4 pt 13 dt 2
set style line 130 lc rgb '#B3A800' lw 1.4 pt 6 dt 4
set style line 131 lc rgb '#0072B2' lw 1.4 pt 4 dt 3
set style line 132 lc rgb '#D55E00' lw 1.4 pt 8 dt 5
# the same series with hollow shapes: others are drawn inside of them
set style line 201 lc rgb '#0072B2' lw 1.4 pt 6 dt 1
set style line 202 lc rgb '#D55E00' lw 1.4 pt 4 dt 2
set style line 203 lc rgb '#009E73' lw 1.4 pt 8 dt 4
set style line 204 lc rgb '#CC79A7' lw 1.4 pt 12 dt 3
set style line 205 lc rgb '#E69F00' lw 1.4 pt 10 dt 5
set style line 206 lc rgb '#56B4E9' lw 1.4 pt 6 dt 1
set style line 207 lc rgb '#000000' lw 1.4 pt 4 dt 2
set style line 208 lc rgb '#B3A800' lw 1.4 pt 8 dt 4
set style line 209 lc rgb '#8C6239' lw 1.4 pt 14 dt 5
set style line 210 lc rgb '#D55E00' lw 1.4 pt 12 dt 1
set style line 211 lc rgb '#009E73' lw 1.4 pt 10 dt 2
set style line 212 lc rgb '#CC79A7' lw 1.4 pt 14 dt 4
set style line 213 lc rgb '#E69F00' lw 1.4 pt 6 dt 3
set style line 214 lc rgb '#56B4E9' lw 1.4 pt 4 dt 5
set style line 215 lc rgb '#000000' lw 1.4 pt 8 dt 1
set style line 216 lc rgb '#B3A800' lw 1.4 pt 12 dt 2
set style line 217 lc rgb '#0072B2' lw 1.4 pt 10 dt 3
set style line 218 lc rgb '#D55E00' lw 1.4 pt 6 dt 5
set style line 219 lc rgb '#009E73' lw 1.4 pt 4 dt 1
set style line 220 lc rgb '#CC79A7' lw 1.4 pt 8 dt 2
set style line 221 lc rgb '#E69F00' lw 1.4 pt 14 dt 4
set style line 222 lc rgb '#56B4E9' lw 1.4 pt 12 dt 3
set style line 223 lc rgb '#000000' lw 1.4 pt 10 dt 5
set style line 224 lc rgb '#B3A800' lw 1.4 pt 14 dt 1
set style line 225 lc rgb '#009E73' lw 1.4 pt 6 dt 4
set style line 226 lc rgb '#CC79A7' lw 1.4 pt 4 dt 3
set style line 227 lc rgb '#E69F00' lw 1.4 pt 8 dt 5
set style line 228 lc rgb '#56B4E9' lw 1.4 pt 8 dt 1
set style line 229 lc rgb '#000000' lw 1.4 pt 12 dt 2
set style line 230 lc rgb '#B3A800' lw 1.4 pt 6 dt 4
set style line 231 lc rgb '#0072B2' lw 1.4 pt 4 dt 3
set style line 232 lc rgb '#D55E00' lw 1.4 pt 8 dt 5
