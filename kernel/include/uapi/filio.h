/* filio.h - ioctls of any descriptor. */
#ifndef UAPI_FILIO_H
#define UAPI_FILIO_H

#define FIBMAP		1
#define FIGETBSZ	2
#define FIONREAD	0x541b
#define FIONBIO		0x5421
#define FIONCLEX	0x5450
#define FIOCLEX		0x5451
#define FIOASYNC	0x5452
#define FIGETBSZ	2

#endif
