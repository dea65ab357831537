/*
 * Drawing: every shape is a piece of SVG in five tones, every colour gives the first three.
 *
 *     m   the colour          k   nearly black
 *     s   the same in shade   w   nearly white
 *     l   the same in light   S, K, W   lines of s, k, w
 */
#include "demo/picture.h"

struct shape {
    const char *name;
    const char *drawing; /* on 400 by 400, standing on 320 */
};

static const struct shape shapes[] = {
    {"apron",
     "<path class='S' d='M160 92q40 -44 80 0M130 190l-44 26M270 190l44 26'/>"
     "<path class='m' d='M160 88h80l14 76q16 16 32 18v130h-172v-130q16-2 32-18z'/>"
     "<path class='s' d='M150 222h100v56q-50 22-100 0z'/><path class='W' d='M150 222h100M200 222v66' stroke-width='3'/>"},
    {"backpack",
     "<path class='S' d='M160 110q0-42 40-42t40 42' stroke-width='12'/>"
     "<path class='s' d='M98 190q-18 10-16 60l8 50h220l8-50q2-50-16-60z'/>"
     "<path class='m' d='M116 150q0-52 52-52h64q52 0 52 52v150q0 20-20 20h-128q-20 0-20-20z'/>"
     "<path class='l' d='M140 218h120v70q0 12-12 12h-96q-12 0-12-12z'/><path class='K' d='M140 222h120M130 160h140' stroke-width='4'/>"
     "<path class='w' d='M190 234h20v14h-20zM182 120h36v16h-36z'/>"},
    {"basket",
     "<path class='S' d='M120 180q0-110 80-110t80 110' stroke-width='13'/>"
     "<path class='m' d='M84 172h232l-22 130q-4 18-24 18h-140q-20 0-24-18z'/><path class='l' d='M76 166h248v24h-248z'/>"
     "<path class='S' d='M92 216h216M98 246h204M104 276h192M130 190l10 130M165 190l5 130M200 190v130M235 190l-5 130M270 190l-10 130'"
     " stroke-width='5'/>"},
    {"belt",
     "<path class='m' d='M90 200a110 80 0 1 0 220 0a110 80 0 1 0-220 0zm26 0a84 56 0 1 1 168 0a84 56 0 1 1-168 0z' fill-rule='evenodd'/>"
     "<path class='s' d='M168 250h140v30h-130z'/><path class='K' d='M276 242h44v46h-44zM292 265h40' stroke-width='7'/>"
     "<circle class='k' cx='200' cy='265' r='4'/><circle class='k' cx='222' cy='265' r='4'/><circle class='k' cx='244' cy='265' r='4'/>"},
    {"blanket",
     "<path class='s' d='M90 250h220q20 0 20 35t-20 35h-220q-20 0-20-35t20-35z'/>"
     "<path class='m' d='M96 180h208q20 0 20 35t-20 35h-208q-20 0-20-35t20-35z'/>"
     "<path class='l' d='M102 112h196q20 0 20 34t-20 34h-196q-20 0-20-34t20-34z'/>"
     "<path class='W' d='M130 112v68M150 112v68M130 180v70M150 180v70M130 250v70M150 250v70' stroke-width='5'/>"
     "<path class='S' d='M310 186h14M310 200h16M310 214h16M310 228h14' stroke-width='4'/>"},
    {"board",
     "<path class='s' d='M132 96h144q22 0 22 22v184q0 18-18 18h-148z'/>"
     "<path class='m' d='M124 92h140q22 0 22 22v184q0 22-22 22h-140q-22 0-22-22v-184q0-22 22-22z'/>"
     "<path class='L' d='M134 150q20 60 0 150M166 130q24 90 0 180M206 130q-18 80 4 180M246 150q-14 70 2 150' stroke-width='4'/>"
     "<circle class='w' cx='194' cy='118' r='11'/>"},
    {"book",
     "<path class='s' d='M112 100h180v220h-180q-20-2-20-22v-180q0-18 20-18z'/><path class='w' d='M108 296h178v18h-178q-10-9 0-18z'/>"
     "<path class='m' d='M112 92h180v200h-180q-14 0-20 10v-190q0-20 20-20z'/><path class='S' d='M118 92v200' stroke-width='5'/>"
     "<path class='w' d='M146 136h112v12h-112zM164 160h76v8h-76z'/><circle class='l' cx='202' cy='226' r='30'/>"},
    {"bottle",
     "<path class='k' d='M180 62h40v26h-40z'/>"
     "<path class='m' d='M184 84h32v34q0 16 18 30q18 16 18 44v108q0 20-20 20h-64q-20 0-20-20v-108q0-28 18-44q18-14 18-30z'/>"
     "<path class='s' d='M226 142q26 18 26 50v108q0 20-20 20h-22q18-6 18-26z'/><path class='w' d='M148 210h104v64h-104z'/>"
     "<path class='K' d='M166 232h68M176 250h48' stroke-width='4'/>"},
    {"bowl",
     "<path class='s' d='M160 296h80v24h-80z'/><path class='m' d='M78 176h244q0 128-122 128t-122-128z'/>"
     "<path class='s' d='M282 184h40q-4 118-122 120q74-24 82-120z'/><ellipse class='l' cx='200' cy='176' rx='122' ry='24'/>"
     "<ellipse class='s' cx='200' cy='180' rx='102' ry='15'/>"},
    {"brush",
     "<path class='m' d='M92 186q0-34 40-34h176q20 0 20 20t-20 24l-176 20q-40 4-40-30z'/>"
     "<path class='w' d='M108 212l170-19v70q0 12-12 13l-146 16q-12 0-12-12z'/>"
     "<path class='S' d='M132 212v74M156 210v74M180 207v74M204 204v74M228 201v74M252 198v72' stroke-width='4'/><circle class='s' cx='304' cy='174' r='6'/>"},
    {"cap",
     "<path class='s' d='M108 262h184q14 0 14 18v22q0 18-14 18h-184q-14 0-14-18v-22q0-18 14-18z'/>"
     "<path class='m' d='M112 262q-8-130 88-140q96 10 88 140z'/><circle class='l' cx='200' cy='108' r='28'/>"
     "<path class='S' d='M150 262q-6-80 24-130M200 262v-136M250 262q6-80-24-130' stroke-width='5'/>"
     "<path class='L' d='M118 268v46M142 268v46M166 268v46M190 268v46M214 268v46M238 268v46M262 268v46M286 268v46' stroke-width='5'/>"},
    {"candle",
     "<path d='M200 66q24 30 14 52q-4 12-14 12t-14-12q-10-22 14-52z' fill='#f2b134'/><path class='K' d='M200 122v26' stroke-width='5'/>"
     "<path class='m' d='M134 150h132v150q0 20-20 20h-92q-20 0-20-20z'/><ellipse class='l' cx='200' cy='150' rx='66' ry='15'/>"
     "<path class='s' d='M238 160q16-2 28-8v148q0 20-20 20h-24q16-4 16-22z'/><path class='w' d='M158 214h62v50h-62z'/>"
     "<path class='K' d='M170 232h38M176 246h26' stroke-width='3'/>"},
    {"chair",
     "<path class='S' d='M130 90l10 230M270 90l-10 230M140 230l-16 90M260 230l16 90' stroke-width='14'/>"
     "<path class='m' d='M124 84h152l-6 92h-140z'/><path class='s' d='M120 214h160l14 34q0 10-12 10h-164q-12 0-12-10z'/>"
     "<path class='l' d='M122 206h156l12 32h-180z'/>"},
    {"clock",
     "<circle class='s' cx='204' cy='206' r='116'/><circle class='m' cx='200' cy='200' r='116'/><circle class='w' cx='200' cy='200' r='94'/>"
     "<path class='K' d='M200 122v14M200 264v14M122 200h14M264 200h14' stroke-width='7'/>"
     "<path class='K' d='M200 200v-58' stroke-width='8'/><path class='S' d='M200 200l42 26' stroke-width='8'/><circle class='k' cx='200' cy='200' r='9'/>"},
    {"cushion",
     "<path class='s' d='M84 112q116 20 232 0q14 96 6 208q-120-18-240 0q-14-110 2-208z'/>"
     "<path class='m' d='M82 104q118 20 236 0q-14 104 0 208q-118-20-236 0q14-104 0-208z'/>"
     "<path class='l' d='M110 132q90 14 180 0l-4 30q-86 12-172 0zM116 200q84 8 168 0v28q-84 10-168 0z'/>"
     "<path class='W' d='M114 178q86 10 172 0M114 262q86-8 172 0' stroke-width='4' stroke-dasharray='10 8'/>"},
    {"glass",
     "<path class='l' d='M122 96h156l-18 206q-2 18-20 18h-80q-18 0-20-18z' opacity='.55'/>"
     "<path class='m' d='M129 176q70 18 142 0l-11 126q-2 18-20 18h-80q-18 0-20-18z' opacity='.85'/>"
     "<ellipse class='w' cx='200' cy='96' rx='78' ry='14' opacity='.8'/><path class='W' d='M148 120l12 170' stroke-width='6' opacity='.7'/>"},
    {"jacket",
     "<path class='s' d='M126 112l-58 60l22 148h36zM274 112l58 60l-22 148h-36z'/>"
     "<path class='m' d='M160 84h80l40 28v208h-160v-208z'/><path class='w' d='M166 84h68l-34 46z'/>"
     "<path class='l' d='M160 84l-18 12l24 58l34-24zM240 84l18 12l-24 58l-34-24z'/><path class='K' d='M200 130v190' stroke-width='4'/>"
     "<path class='S' d='M134 250h44M222 250h44' stroke-width='7'/><g class='k'><circle cx='212' cy='176' r='5'/>"
     "<circle cx='212' cy='214' r='5'/><circle cx='212' cy='252' r='5'/><circle cx='212' cy='290' r='5'/></g>"},
    {"jar",
     "<path class='k' d='M138 88h124v36h-124z'/><path class='m' d='M130 124h140q14 12 14 32v140q0 24-24 24h-120q-24 0-24-24v-140q0-20 14-32z'/>"
     "<path class='s' d='M252 124h18q14 12 14 32v140q0 24-24 24h-26q20-6 20-26z'/><path class='w' d='M116 188h168v76h-168z'/>"
     "<path class='K' d='M146 214h108M166 236h68' stroke-width='5'/><path class='W' d='M132 142v26' stroke-width='6'/>"},
    {"kettle",
     "<path class='K' d='M130 140q0-72 70-72t70 72' stroke-width='12'/><path class='s' d='M262 200l54-44q14-6 18 8l-50 92z'/>"
     "<path class='m' d='M104 212q0-76 96-76t96 76l-10 84q-4 24-28 24h-116q-24 0-28-24z'/>"
     "<path class='l' d='M128 210q4-44 50-52q-20 40-14 120h-26z' opacity='.7'/><path class='s' d='M156 138h88v-8q0-12-44-12t-44 12z'/>"
     "<circle class='k' cx='200' cy='112' r='10'/>"},
    {"knife",
     "<path class='w' d='M70 236q110-110 196-124l24 22q-90 70-196 128z'/><path d='M94 262q106-58 196-128l8 8q-96 84-192 128z' fill='#b9b4ac'/>"
     "<path class='m' d='M254 104l58-44q12-6 22 4l8 8q10 12 4 22l-46 56z'/><g class='w'><circle cx='290' cy='114' r='5'/>"
     "<circle cx='310' cy='94' r='5'/></g><path class='s' d='M244 108l14-10l52 50l-12 14z'/>"},
    {"lamp",
     "<path class='k' d='M194 190h12v110h-12z'/><path class='s' d='M140 300h120q10 0 10 20h-140q0-20 10-20z'/>"
     "<path class='m' d='M148 70h104l52 130h-208z'/><path class='l' d='M148 70h36l-22 130h-66z' opacity='.7'/>"
     "<path d='M96 200h208l-20 14q-84 10-168 0z' fill='#f7d98b'/><path class='K' d='M250 214v34' stroke-width='3'/><circle class='k' cx='250' cy='252' r='5'/>"},
    {"mug",
     "<path class='S' d='M262 176h22q36 0 36 42t-36 42h-28' stroke-width='18'/>"
     "<path class='m' d='M110 136h160v144q0 40-40 40h-80q-40 0-40-40z'/><path class='s' d='M234 136h36v144q0 40-40 40h-26q30-8 30-46z'/>"
     "<ellipse class='l' cx='190' cy='136' rx='80' ry='16'/><ellipse class='k' cx='190' cy='139' rx='66' ry='10' opacity='.75'/>"
     "<path class='W' d='M132 172v84' stroke-width='8' opacity='.5'/>"},
    {"notebook",
     "<path class='s' d='M118 84h176v236h-164q-12 0-12-12z'/><path class='w' d='M112 84h174v230h-174z'/>"
     "<path class='m' d='M106 80h174v232h-174q-8 0-8-8v-216q0-8 8-8z'/><path class='s' d='M98 80h30v232h-30z'/>"
     "<path class='w' d='M156 128h96v44h-96z'/><path class='K' d='M170 144h68M180 158h48' stroke-width='3'/><path class='K' d='M262 80v232' stroke-width='7'/>"},
    {"pan",
     "<path class='k' d='M252 118l74-62q12-6 20 4q8 12-2 20l-70 62z'/><circle class='s' cx='184' cy='212' r='112'/>"
     "<circle class='m' cx='180' cy='206' r='112'/><circle class='s' cx='180' cy='206' r='92'/><circle class='m' cx='184' cy='210' r='88'/>"
     "<path class='L' d='M116 190q14-48 64-54' stroke-width='9' opacity='.7'/>"},
    {"pen",
     "<path class='m' d='M96 268l170-180q14-12 30 2l14 14q12 14 2 28l-172 176z'/><path class='l' d='M96 268l170-180l16 14l-172 182z'/>"
     "<path class='w' d='M96 268l44 40l-66 26z'/><path class='k' d='M82 308l14 14l-24 12zM226 130l44 44l14-14l-44-44z'/>"
     "<path class='W' d='M112 268l20 20' stroke-width='4'/>"},
    {"plant",
     "<path d='M200 210q-84-10-78-96q74 4 78 96zM200 190q-10-84 26-124q42 44-26 124zM200 212q10-76 84-78q0 70-84 78z' fill='#5c8a5a'/>"
     "<path d='M200 212q-46-34-72-88M202 186q4-60 24-104M204 212q36-30 70-68' fill='none' stroke='#41663f' stroke-width='4'/>"
     "<path class='m' d='M130 208h140l-16 96q-3 16-18 16h-72q-15 0-18-16z'/><path class='s' d='M238 208h32l-16 96q-3 16-18 16h-18q14-4 16-18z'/>"
     "<path class='l' d='M122 200h156v24h-156z'/>"},
    {"plate",
     "<ellipse class='s' cx='200' cy='222' rx='136' ry='84'/><ellipse class='m' cx='200' cy='212' rx='136' ry='84'/>"
     "<ellipse class='l' cx='200' cy='210' rx='92' ry='54'/><ellipse class='m' cx='200' cy='206' rx='82' ry='46'/>"
     "<path class='W' d='M84 206q14-54 92-66' stroke-width='6' opacity='.6'/>"},
    {"print",
     "<path class='k' d='M104 70h192v250h-192z'/><path class='w' d='M116 82h168v226h-168z'/><path class='l' d='M136 104h128v182h-128z'/>"
     "<circle cx='224' cy='146' r='22' fill='#f2b134'/><path class='m' d='M136 230l42-50l34 34l22-20l30 36v56h-128z'/>"
     "<path class='s' d='M136 256q40-30 72-6t56-8v44h-128z'/>"},
    {"rug",
     "<path class='S' d='M82 120l-12-14M82 144l-14-6M82 168h-16M82 192h-16M82 216h-16M82 240h-16M82 264l-14 6M318 120l12-14M318 144l14-6"
     "M318 168h16M318 192h16M318 216h16M318 240h16M318 264l14 6' stroke-width='5'/>"
     "<path class='m' d='M82 106h236v174h-236z'/><path class='s' d='M98 122h204v142h-204z'/><path class='l' d='M200 132l66 61l-66 61l-66-61z'/>"
     "<path class='m' d='M200 156l40 37l-40 37l-40-37z'/><path class='w' d='M200 176l18 17l-18 17l-18-17z'/>"
     "<path class='L' d='M106 130l30 0M106 256h30M264 130h30M264 256h30' stroke-width='6'/>"},
    {"scarf",
     "<path class='s' d='M210 150l60 20l-6 150h-70z'/><path class='m' d='M118 110q82-50 164 0q22 14 6 40q-88 46-176 0q-16-26 6-40z'/>"
     "<path class='l' d='M142 122q58-30 116 0q10 10 0 16q-58 26-116 0q-10-6 0-16z'/><path class='m' d='M142 158l64 10l-12 152h-72z'/>"
     "<path class='W' d='M134 240h64M131 256h66M128 286h66' stroke-width='6'/>"
     "<path class='S' d='M126 320v16M142 320v16M158 320v16M174 320v16M190 320v16' stroke-width='4'/>"},
    {"shirt",
     "<path class='s' d='M128 108l-62 52l26 62l42-26zM272 108l62 52l-26 62l-42-26z'/>"
     "<path class='m' d='M160 86h80l36 24l-6 210h-140l-6-210z'/><path class='l' d='M162 84l38 34l-30 26l-22-50zM238 84l-38 34l30 26l22-50z'/>"
     "<path class='S' d='M200 118v202' stroke-width='5'/><g class='w'><circle cx='200' cy='150' r='5'/><circle cx='200' cy='190' r='5'/>"
     "<circle cx='200' cy='230' r='5'/><circle cx='200' cy='270' r='5'/></g><path class='S' d='M222 178h36v34h-36z' stroke-width='3'/>"},
    {"shoe",
     "<path class='w' d='M70 288h260q10 0 10 14t-14 18h-244q-14 0-14-14z'/>"
     "<path class='m' d='M72 288v-118q34 22 70-6l76 62q80 2 106 26q14 14 10 36z'/><path class='s' d='M72 288v-118q14 10 32 8v110z'/>"
     "<path class='l' d='M262 234q46 6 62 20q10 14 8 34h-54q8-34-16-54z'/><path class='W' d='M150 186l26-14M172 204l24-16M194 222l22-18' stroke-width='7'/>"},
    {"soap",
     "<path class='s' d='M92 216q0-20 20-20h176q20 0 20 20v76q0 28-28 28h-160q-28 0-28-28z'/>"
     "<path class='m' d='M92 200q0-34 34-34h148q34 0 34 34v44q0 34-34 34h-148q-34 0-34-34z'/>"
     "<path class='L' d='M122 204q0-14 14-14h128q14 0 14 14v36q0 14-14 14h-128q-14 0-14-14z' stroke-width='5'/>"
     "<path class='W' d='M160 222h80' stroke-width='6'/><g class='w' opacity='.8'><circle cx='124' cy='130' r='17'/><circle cx='160' cy='106' r='10'/>"
     "<circle cx='280' cy='134' r='13'/></g>"},
    {"socks",
     "<path class='s' d='M204 84h76v128q0 18 20 32q34 24 10 54t-66 14q-40-20-40-66z'/><path class='m' d='M104 90h76v132q0 18 20 32q34 24 10 52t-66 12"
     "q-40-20-40-66z'/><path class='w' d='M104 90h76v30h-76zM204 84h76v30h-76z'/><path class='l' d='M104 146h76v20h-76zM104 184h76v20h-76z'/>"
     "<path class='l' d='M170 322q50 4 54-42q14 20-10 34q-20 12-44 8z'/>"},
    {"stool",
     "<path class='S' d='M140 170l-26 150M260 170l26 150M184 178l-8 142M216 178l8 142M126 260h148' stroke-width='13'/>"
     "<ellipse class='s' cx='200' cy='166' rx='108' ry='32'/><ellipse class='m' cx='200' cy='152' rx='108' ry='32'/>"
     "<ellipse class='L' cx='200' cy='150' rx='76' ry='19' stroke-width='4'/>"},
    {"sweater",
     "<path class='s' d='M130 108l-46 46l-16 130l40 8l26-100zM270 108l46 46l16 130l-40 8l-26-100z'/>"
     "<path class='m' d='M158 86q42 28 84 0l32 24v186h-148v-186z'/><path class='s' d='M126 292h148v28h-148z'/>"
     "<path class='L' d='M158 88q42 30 84 0' stroke-width='11'/>"
     "<path class='W' d='M128 164l12 12l12-12l12 12l12-12l12 12l12-12l12 12l12-12l12 12l12-12l12 12l12-12M128 190l12 12l12-12l12 12l12-12l12 12l12-12"
     "l12 12l12-12l12 12l12-12l12 12l12-12' stroke-width='5'/>"},
    {"teapot",
     "<path class='S' d='M122 176q-58-4-52 46t62 44' stroke-width='16'/><path class='s' d='M270 240l58-88q20-4 20 10l-48 118z'/>"
     "<path class='m' d='M108 222q0-82 92-82t92 82q0 98-92 98t-92-98z'/><path class='s' d='M262 156q30 22 30 66q0 98-92 98q62-20 66-92z'/>"
     "<path class='l' d='M150 142q0-26 50-26t50 26z'/><circle class='s' cx='200' cy='106' r='13'/><path class='W' d='M136 206q4-26 24-36' stroke-width='8' opacity='.6'/>"},
    {"tote",
     "<path class='S' d='M150 170q0-104 50-104t50 104' stroke-width='10'/><path class='m' d='M98 146h204l14 174h-232z'/>"
     "<path class='s' d='M276 146h26l14 174h-32z'/><path class='S' d='M150 146v22M250 146v22' stroke-width='12'/>"
     "<circle class='l' cx='196' cy='234' r='42'/><path class='w' d='M196 202l10 22l24 2l-18 16l6 24l-22-13l-22 13l6-24l-18-16l24-2z'/>"},
    {"towel",
     "<path class='k' d='M84 84h232v12h-232z'/><path class='s' d='M212 90h74v176h-74z'/><path class='m' d='M114 90h112v230h-112z'/>"
     "<path class='w' d='M114 256h112v12h-112zM114 278h112v8h-112zM226 222h60v10h-60z'/>"
     "<path class='S' d='M122 320v10M138 320v10M154 320v10M170 320v10M186 320v10M202 320v10M218 320v10' stroke-width='4'/>"
     "<path class='L' d='M140 96v150M170 96v150M200 96v150' stroke-width='4' opacity='.6'/>"},
    {"trousers",
     "<path class='m' d='M130 84h140l18 236h-62l-26-160l-26 160h-62z'/><path class='s' d='M200 160l26 160h26l-24-200zM130 84h140l2 24h-144z'/>"
     "<path class='K' d='M200 108v40' stroke-width='4'/><circle class='w' cx='200' cy='97' r='5'/><path class='L' d='M136 124q26 0 30-18M264 124q-26 0-30-18' stroke-width='4'/>"},
    {"tshirt",
     "<path class='s' d='M128 100l-70 56l34 52l44-28zM272 100l70 56l-34 52l-44-28z'/>"
     "<path class='m' d='M156 84q44 34 88 0l34 18v218h-156v-218z'/><path class='L' d='M156 86q44 38 88 0' stroke-width='9'/>"
     "<path class='s' d='M250 300h28v20h-28z' opacity='.5'/><path class='l' d='M168 190h64v44h-64z' opacity='.5'/>"},
    {"vase",
     "<path class='K' d='M196 140q-8-50-40-76M204 140q6-60 36-84M200 140v-80' stroke-width='3'/>"
     "<g fill='#d98c7a'><circle cx='154' cy='62' r='13'/><circle cx='242' cy='54' r='15'/><circle cx='200' cy='54' r='11'/></g>"
     "<path class='m' d='M168 136h64q0 30 26 56q24 26 24 60q0 68-82 68t-82-68q0-34 24-60q26-26 26-56z'/>"
     "<path class='s' d='M218 136h14q0 30 26 56q24 26 24 60q0 68-82 68q54-14 54-72q0-30-18-52q-18-24-18-60z'/>"
     "<ellipse class='l' cx='200' cy='136' rx='32' ry='8'/><path class='L' d='M124 232q76 22 152 0' stroke-width='7'/>"},
    {"wallet",
     "<path class='w' d='M108 128h176v60h-176z'/><path d='M120 118h150v60h-150z' fill='#d8cfbf'/>"
     "<path class='m' d='M84 152h232q14 0 14 14v126q0 14-14 14h-232q-14 0-14-14v-126q0-14 14-14z'/>"
     "<path class='s' d='M262 206h68v48h-68q-24 0-24-24t24-24z'/><circle class='w' cx='266' cy='230' r='8'/>"
     "<path class='L' d='M82 164h236M82 294h236' stroke-width='3' stroke-dasharray='9 6'/>"},
    {"wateringcan",
     "<path class='S' d='M128 190q-64 0-56 60t72 40M150 160q50-70 100 0' stroke-width='13'/>"
     "<path class='s' d='M256 250l62-110l16 8l-52 140z'/><path class='s' d='M300 128l48 24l-6 16l-54-26z'/>"
     "<path class='m' d='M124 166h144l10 136q0 18-18 18h-128q-18 0-18-18z'/><path class='l' d='M124 166h40l-6 154h-26q-18 0-18-18z' opacity='.6'/>"
     "<ellipse class='s' cx='196' cy='166' rx='72' ry='13'/>"},
};

struct colour {
    const char *name;
    unsigned rgb;
};
static const struct colour colours[] = {
    {"amber", 0xC98A2B},    {"brass", 0xB08D45}, {"brick", 0xA6503C},  {"charcoal", 0x4A4B50}, {"clay", 0xBB7A5C},
    {"cobalt", 0x2F5DA8},   {"coral", 0xDF7B66}, {"cream", 0xE6DAC0},  {"forest", 0x3D6650},   {"grey", 0x9A9C9B},
    {"indigo", 0x39477F},   {"ivory", 0xE9E2D2}, {"lavender", 0x9C8FBF}, {"moss", 0x7C8A4E},   {"mustard", 0xD0A03A},
    {"natural", 0xCDB48C},  {"navy", 0x2B3A5B},  {"oak", 0xC39A66},    {"olive", 0x85874F},    {"plum", 0x6F4060},
    {"rose", 0xC98A8E},     {"rust", 0xB4603A},  {"sage", 0x9CAF94},   {"sand", 0xD5C1A0},     {"sky", 0x86AFC9},
    {"slate", 0x5E6E7B},    {"steel", 0xA9B0B5}, {"tan", 0xB48555},    {"teal", 0x37807F},     {"walnut", 0x7A5538},
};

static const char *find_shape(struct text name)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (text_is(name, shapes[i].name))
            return shapes[i].drawing;
    return NULL;
}

static const struct colour *find_colour(struct text name)
{
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        if (text_is(name, colours[i].name))
            return &colours[i];
    return NULL;
}

/* `percent` of the way from one colour to another. */
static unsigned mix(unsigned from, unsigned to, unsigned percent)
{
    unsigned mixed = 0;
    for (unsigned shift = 0; shift <= 16; shift += 8) {
        unsigned a = from >> shift & 0xFF, b = to >> shift & 0xFF;
        mixed |= (a * (100 - percent) + b * percent) / 100 << shift;
    }
    return mixed;
}

bool picture_draw(struct text name, struct buffer *out)
{
    const char *dash = memchr(name.at, '-', name.length);
    size_t length = dash != NULL ? (size_t)(dash - name.at) : name.length;
    const char *drawing = find_shape((struct text){name.at, length});
    if (drawing == NULL || dash == NULL)
        return false;
    const struct colour *colour = find_colour((struct text){dash + 1, name.length - length - 1});
    if (colour == NULL)
        return false;

    const unsigned black = 0x2E2A27, white = 0xFAF6EE;
    unsigned main = colour->rgb, shade = mix(main, black, 28), light = mix(main, white, 38);
    buffer_printf(out,
                  "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 400 400' width='800' height='800' stroke-width='6' stroke-linecap='round'"
                  " stroke-linejoin='round'><style>"
                  ".m{fill:#%06x}.s{fill:#%06x}.l{fill:#%06x}.k{fill:#%06x}.w{fill:#%06x}.S,.L,.K,.W{fill:none}"
                  ".S{stroke:#%06x}.L{stroke:#%06x}.K{stroke:#%06x}.W{stroke:#%06x}</style>"
                  "<path fill='#%06x' d='M0 0h400v400H0z'/><ellipse cx='200' cy='324' rx='140' ry='14' fill='#%06x'/>",
                  main, shade, light, black, white, shade, light, black, white, mix(main, white, 84),
                  mix(main, white, 64));
    buffer_add_string(out, drawing);
    buffer_add_string(out, "</svg>\n");
    return true;
}
