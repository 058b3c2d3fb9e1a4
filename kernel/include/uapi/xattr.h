/* xattr.h - extended attributes, as user space sees them. */
#ifndef UAPI_XATTR_H
#define UAPI_XATTR_H

#define XATTR_CREATE	1
#define XATTR_REPLACE	2

#define XATTR_NAME_MAX	255	/* bytes, without the NUL */
#define XATTR_SIZE_MAX	65536	/* of a value */

#endif
