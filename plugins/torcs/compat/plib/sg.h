/* SPDX-License-Identifier: GPL-2.0-or-later
 * The two array types of plib's sg.h that TORCS's car.h lays out in its records. Standing in for them here keeps plib
 * out of the build; nothing of plib is called. */
#ifndef RACEGYM_COMPAT_SG_H
#define RACEGYM_COMPAT_SG_H
typedef float SGfloat;
typedef SGfloat sgVec3[3];
typedef SGfloat sgMat4[4][4];
#endif
