/* dir.h - listing a directory. file_operations->iterate calls dir_emit for each entry from
 * ctx->pos on, having set ctx->pos to the entry's own position, and afterwards to the next
 * one's. When dir_emit says false the buffer is full: return 0 with ctx->pos still at that
 * entry. Positions 0 and 1 are `.` and `..`. The directory's i_rwsem is held for reading. */
#ifndef FS_DIR_H
#define FS_DIR_H

#include <fs/types.h>

struct file;

struct dir_context {
	loff_t	pos;
	/* True: taken. */
	bool (*actor)(struct dir_context *ctx, const char *name, int len, loff_t pos, u64 ino,
		      unsigned int type);
};

static inline bool dir_emit(struct dir_context *ctx, const char *name, int len, u64 ino,
			    unsigned int type)
{
	return ctx->actor(ctx, name, len, ctx->pos, ino, type);
}

/* Emit `.` and `..` if ctx->pos is 0 or 1; afterwards pos is at least 2. False: buffer full. */
bool dir_emit_dots(struct file *file, struct dir_context *ctx);
/* Take i_rwsem and call ->iterate. 0 or errno; -ENOENT if the directory has been removed. */
int iterate_dir(struct file *file, struct dir_context *ctx);

#endif
