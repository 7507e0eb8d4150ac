/* SPDX-License-Identifier: GPL-2.0-or-later
 * A value in pieces: see body.h. */
#include "bus/protocol/body.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/disk/io.h"
#include "base/disk/spool.h"
#include "base/error.h"

#define WRITE_BYTES (1 << 20)

struct piece {
	gint64 bytes;
	GBytes *memory;     /* NULL: a file, or another body */
	struct body *other; /* NULL: a file */
	int fd;
	char *name;     /* of the file, for messages; NULL: one of ours */
	gint64 at;      /* in the file */
	gsize *counted; /* the file is a spool of ours, its bytes are counted there; NULL: it is not */
};

struct body {
	gint references;
	gint64 bytes;
	GArray *pieces; /* struct piece */
};

struct body *body_new(void)
{
	struct body *body = g_new0(struct body, 1);

	body->references = 1;
	body->pieces = g_array_new(FALSE, FALSE, sizeof(struct piece));
	return body;
}

struct body *body_ref(struct body *body)
{
	g_atomic_int_inc(&body->references);
	return body;
}

void body_unref(struct body *body)
{
	if (!body || !g_atomic_int_dec_and_test(&body->references))
		return;
	for (guint i = 0; i < body->pieces->len; i++) {
		struct piece *piece = &g_array_index(body->pieces, struct piece, i);
		if (piece->memory)
			g_bytes_unref(piece->memory);
		else if (piece->other)
			body_unref(piece->other);
		else
			close(piece->fd);
		g_free(piece->name);
		if (piece->counted) {
			g_atomic_pointer_add(piece->counted, -(gssize)piece->bytes);
			g_atomic_rc_box_release(piece->counted);
		}
	}
	g_array_unref(body->pieces);
	g_free(body);
}

static void add(struct body *body, const struct piece *piece)
{
	body->bytes += piece->bytes;
	g_array_append_vals(body->pieces, piece, 1);
}

void body_add(struct body *body, GBytes *bytes)
{
	const struct piece piece = {.bytes = (gint64)g_bytes_get_size(bytes), .memory = g_bytes_ref(bytes), .fd = -1};

	add(body, &piece);
}

void body_add_all(struct body *body, struct body *other)
{
	const struct piece piece = {.bytes = other->bytes, .other = body_ref(other), .fd = -1};

	add(body, &piece);
}

void body_add_file(struct body *body, const char *name, int fd, gint64 at, gint64 bytes)
{
	const struct piece piece = {.bytes = bytes, .fd = fd, .name = g_strdup(name), .at = at};

	add(body, &piece);
}

void body_add_spool(struct body *body, int fd, gint64 bytes, gsize *counted)
{
	const struct piece piece = {.bytes = bytes, .fd = fd, .counted = g_atomic_rc_box_acquire(counted)};

	add(body, &piece);
}

int body_spool(const struct body *body)
{
	const struct piece *piece = &g_array_index(body->pieces, struct piece, 0);

	return body->pieces->len == 1 && piece->counted ? piece->fd : -1;
}

bool body_was_kept(const struct body *body, GError **error)
{
	for (guint i = 0; i < body->pieces->len; i++) {
		const struct piece *piece = &g_array_index(body->pieces, struct piece, i);
		if (piece->other ? !body_was_kept(piece->other, error)
				 : piece->counted && !spool_was_kept(piece->fd, error))
			return false;
	}
	return true;
}

gint64 body_bytes(const struct body *body)
{
	return body->bytes;
}

bool body_in_memory(const struct body *body)
{
	for (guint i = 0; i < body->pieces->len; i++) {
		const struct piece *piece = &g_array_index(body->pieces, struct piece, i);
		if (piece->other ? !body_in_memory(piece->other) : !piece->memory)
			return false;
	}
	return true;
}

/* The piece that has the byte at *at, which becomes its place in there. */
static const struct piece *piece_at(const struct body *body, gint64 *at)
{
	for (guint i = 0; i < body->pieces->len; i++) {
		const struct piece *piece = &g_array_index(body->pieces, struct piece, i);
		if (*at < piece->bytes)
			return piece->other ? piece_at(piece->other, at) : piece;
		*at -= piece->bytes;
	}
	return NULL;
}

static bool read_file(const struct piece *piece, gint64 at, guint8 *bytes, gsize length, GError **error)
{
	gssize n = io_read_at(piece->fd, bytes, length, piece->at + at);

	if (n < 0 && piece->name)
		return fail_errno_at(error, PLACE_ORIGINAL, "%s cannot be read", piece->name);
	if (n < 0)
		return fail_errno(error, "the file cannot be read");
	return (gsize)n == length ||
	       fail(error, ERROR_RETRY, "%s was cut short meanwhile", piece->name ? piece->name : "the file");
}

static bool read_pieces(const struct body *body, gint64 at, guint8 *bytes, gsize length, GError **error)
{
	while (length > 0) {
		gint64 inside = at;
		const struct piece *piece = piece_at(body, &inside);
		gsize here = MIN(length, (gsize)(piece->bytes - inside));
		if (piece->memory)
			memcpy(bytes, (const guint8 *)g_bytes_get_data(piece->memory, NULL) + inside, here);
		else if (!read_file(piece, inside, bytes, here, error))
			return false;
		bytes += here;
		at += (gint64)here;
		length -= here;
	}
	return true;
}

GBytes *body_read(const struct body *body, gint64 at, gsize bytes, GError **error)
{
	gint64 inside = at;
	const struct piece *piece = piece_at(body, &inside);

	g_assert(at >= 0 && (gint64)bytes <= body->bytes - at);
	if (bytes == 0)
		return g_bytes_new_static("", 0);
	if (piece->memory && (gint64)bytes <= piece->bytes - inside)
		return g_bytes_new_from_bytes(piece->memory, (gsize)inside, bytes);
	g_autofree guint8 *copy = g_try_malloc(bytes);
	if (!copy) {
		fail(error, ERROR_RETRY, "no memory for %zu bytes", bytes);
		return NULL;
	}
	return read_pieces(body, at, copy, bytes, error) ? g_bytes_new_take(g_steal_pointer(&copy), bytes) : NULL;
}

struct mapping {
	void *bytes;
	gsize length;
};

static void unmap(gpointer data)
{
	struct mapping *mapping = data;

	munmap(mapping->bytes, mapping->length);
	g_free(mapping);
}

GBytes *body_map(const struct body *body, gint64 at, gsize bytes, GError **error)
{
	gint64 inside = at, page = sysconf(_SC_PAGESIZE);
	const struct piece *piece = piece_at(body, &inside);

	g_assert(at >= 0 && (gint64)bytes <= body->bytes - at);
	if (bytes == 0 || piece->memory || (gint64)bytes > piece->bytes - inside)
		return body_read(body, at, bytes, error);
	gint64 start = piece->at + inside, before = start % page;
	void *all = mmap(NULL, bytes + (gsize)before, PROT_READ, MAP_PRIVATE, piece->fd, (off_t)(start - before));
	if (all == MAP_FAILED) {
		fail_errno(error, "cannot map %zu bytes", bytes);
		return NULL;
	}
	struct mapping *mapping = g_new(struct mapping, 1);
	*mapping = (struct mapping){all, bytes + (gsize)before};
	return g_bytes_new_with_free_func((const guint8 *)all + before, bytes, unmap, mapping);
}

static bool copy_to(const struct body *body, gint64 at, gint64 bytes, int fd, const char *path, GError **error)
{
	for (gint64 end = at + bytes; at < end;) {
		g_autoptr(GBytes) some = body_read(body, at, (gsize)MIN(end - at, WRITE_BYTES), error);
		if (!some)
			return false;
		gsize length;
		const guint8 *data = g_bytes_get_data(some, &length);
		at += (gint64)length;
		if (!io_write(fd, data, length))
			return fail_errno_at(error, PLACE_OUTPUT, "%s", path);
	}
	return true;
}

bool body_write(const struct body *body, gint64 at, gint64 bytes, const char *path, GError **error)
{
	int fd = beneath_open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);

	g_assert(at >= 0 && bytes <= body->bytes - at);
	if (fd < 0)
		return fail_errno_at(error, PLACE_OUTPUT, "%s", path);
	bool good = copy_to(body, at, bytes, fd, path, error) && body_was_kept(body, error);
	if (!good)
		close(fd);
	if (good && files_finish(fd, path, error))
		return true;
	beneath_unlink(path);
	return false;
}
