/* SPDX-License-Identifier: GPL-2.0-or-later
 * Outputs as downloads: see files.h. */
#include "web/http/files.h"

#include <civetweb.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk/beneath.h"

#define BLOCK_BYTES (128 * 1024)

enum range files_range(const char *header, gint64 size, gint64 *first, gint64 *last)
{
	guint64 from = 0, to = 0;

	/* RFC 9110, 14.2: what cannot be understood is ignored; several ranges are our right to ignore. */
	if (!header || !g_str_has_prefix(header, "bytes=") || strchr(header, ','))
		return RANGE_NONE;
	const char *text = header + strlen("bytes=");
	const char *dash = strchr(text, '-');
	if (!dash)
		return RANGE_NONE;
	g_autofree char *start = g_strndup(text, (gsize)(dash - text));
	bool has_from = g_ascii_string_to_unsigned(start, 10, 0, G_MAXINT64, &from, NULL);
	bool has_to = g_ascii_string_to_unsigned(dash + 1, 10, 0, G_MAXINT64, &to, NULL);
	if ((*start && !has_from) || (dash[1] && !has_to) || (!has_from && !has_to))
		return RANGE_NONE;
	if (!has_from) { /* the last `to` bytes */
		if (to == 0 || size == 0)
			return RANGE_UNSATISFIABLE;
		*first = MAX(size - (gint64)to, 0);
		*last = size - 1;
		return RANGE_PART;
	}
	if (has_to && to < from)
		return RANGE_NONE;
	if ((gint64)from >= size)
		return RANGE_UNSATISFIABLE;
	*first = (gint64)from;
	*last = has_to ? MIN((gint64)to, size - 1) : size - 1;
	return RANGE_PART;
}

/* A type that cannot smuggle a header line: type/subtype in token characters. */
static const char *safe_type(const char *type)
{
	const char *slash = type ? strchr(type, '/') : NULL;
	bool valid = slash && slash != type && slash[1];

	for (const char *c = type; valid && *c; c++)
		valid = g_ascii_isalnum(*c) || strchr(".+-", *c) || c == slash;
	return valid ? type : "application/octet-stream";
}

/* The name twice, as RFC 6266 wants it: plain ASCII for the old, percent-encoded UTF-8 for the rest. */
static char *disposition(const char *name)
{
	g_autofree char *base = g_path_get_basename(name && *name ? name : "output");
	g_autofree char *valid = g_utf8_make_valid(base, -1);
	g_autofree char *encoded = g_uri_escape_string(valid, NULL, FALSE);
	g_autofree char *plain = g_str_to_ascii(valid, "C");

	for (char *c = plain; *c; c++)
		if (!g_ascii_isalnum(*c) && !strchr("._- ()+@", *c))
			*c = '_';
	return g_strdup_printf(
		"Content-Disposition: attachment; filename=\"%s\"; filename*=UTF-8''%s\r\n", plain, encoded);
}

/* If a file shrinks or fails while it is sent, the connection ends, because the length is promised. */
static void send_bytes(struct request *request, int file, gint64 offset, gint64 length)
{
	g_autofree char *block = g_malloc(BLOCK_BYTES);

	while (length > 0) {
		ssize_t got = pread(file, block, (size_t)MIN(length, BLOCK_BYTES), offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || mg_write(request->connection, block, (size_t)got) != (int)got) {
			mg_disable_connection_keep_alive(request->connection);
			return;
		}
		offset += got;
		length -= got;
	}
}

static int send_open(struct request *request, const struct output_view *output, int file, const struct stat *info)
{
	gint64 first = 0, last = info->st_size - 1;
	g_autofree char *etag = g_strdup_printf("\"%llx-%llx-%llx.%lx\"", (unsigned long long)info->st_ino,
		(unsigned long long)info->st_size, (unsigned long long)info->st_mtim.tv_sec,
		(unsigned long)info->st_mtim.tv_nsec);
	g_autofree char *named = output->name ? disposition(output->name) : NULL;
	g_autoptr(GString) extra = g_string_new(named);
	struct answer answer = {.status = 200, .type = safe_type(output->type), .etag = etag};

	if (etag_listed(request_header(request, "If-None-Match"), etag)) {
		answer.status = 304;
		return answer_send(request, &answer, NULL);
	}
	const char *condition = request_header(request, "If-Range");
	const char *header = condition && strcmp(condition, etag) != 0 ? NULL : request_header(request, "Range");
	g_string_append(extra, "Accept-Ranges: bytes\r\n");
	switch (files_range(header, info->st_size, &first, &last)) {
	case RANGE_UNSATISFIABLE:
		answer.status = 416;
		first = 0;
		last = -1;
		g_string_append_printf(extra, "Content-Range: bytes */%lld\r\n", (long long)info->st_size);
		break;
	case RANGE_PART:
		answer.status = 206;
		g_string_append_printf(extra, "Content-Range: bytes %" G_GINT64_FORMAT "-%" G_GINT64_FORMAT "/%lld\r\n",
			first, last, (long long)info->st_size);
		break;
	case RANGE_NONE:
		break;
	}
	answer.length = last - first + 1;
	answer.extra = extra->str;
	answer_send(request, &answer, NULL);
	if (!request->head)
		send_bytes(request, file, first, answer.length);
	return answer.status;
}

/* Files of the mill's folders and no others, whatever the history says. O_NONBLOCK: a FIFO in that place must not hang this thread. */
/* name NULL: to be shown, not saved. */
static int send_path(struct request *request, const char *path, const char *name, const char *type, const char *gone)
{
	const struct output_view view = {.path = (char *)path, .name = (char *)name, .type = (char *)type};
	struct stat info;
	int file = path && beneath_known(path) ? beneath_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0) : -1;

	if (file < 0 || fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
		bool folder = file >= 0 && fstat(file, &info) == 0 && S_ISDIR(info.st_mode);
		if (file >= 0)
			close(file);
		if (folder)
			return answer_error(request, 404, "%s is a folder of tiles: open it in the out folder", name);
		return answer_error(request, 404, "%s %s", name ? name : "it", gone);
	}
	int status = send_open(request, &view, file, &info);
	close(file);
	return status;
}

int files_send(struct request *request, const struct output_view *output)
{
	const char *name = output->name ? output->name : "output"; /* without one it would be shown, not saved */

	return send_path(request, output->path, name, output->type, "is no longer in the out folder");
}

int files_send_original(struct request *request, const struct job_view *job)
{
	return send_path(request, job->original, job->source, "application/octet-stream", "is no longer there");
}

int files_send_inline(struct request *request, const char *path, const char *type)
{
	return send_path(request, path, NULL, type, "is no longer there");
}
