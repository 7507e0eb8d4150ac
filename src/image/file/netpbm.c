/* SPDX-License-Identifier: GPL-2.0-or-later
 * PBM, PGM and PPM: see netpbm.h. netpbm's pbm(5), pgm(5), ppm(5). */
#include "image/file/netpbm.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define MOST_NUMBER 100000000 /* larger ones are cut */

struct text {
	const guint8 *data;
	gsize length, at;
	bool comments; /* there was one */
};

static bool is_at(const struct text *text, char c)
{
	return text->at < text->length && text->data[text->at] == (guint8)c;
}

static void skip_comment(struct text *text)
{
	text->comments = true;
	while (text->at < text->length && !is_at(text, '\n'))
		text->at++;
}

static void skip_space(struct text *text)
{
	for (; text->at < text->length; text->at++)
		if (is_at(text, '#'))
			skip_comment(text);
		else if (!g_ascii_isspace(text->data[text->at]))
			return;
}

/* A number of at most so many digits. */
static bool read_number(struct text *text, guint digits, guint *number)
{
	skip_space(text);
	gsize start = text->at;
	for (*number = 0; text->at < text->length && g_ascii_isdigit(text->data[text->at]) && text->at - start < digits;
		text->at++)
		*number = MIN(*number * 10 + (guint)(text->data[text->at] - '0'), MOST_NUMBER);
	return text->at > start;
}

bool netpbm_header(const guint8 *data, gsize length, struct netpbm *header)
{
	struct text text = {data, length, 2, false};
	bool bits = length > 2 && (data[1] == '1' || data[1] == '4');

	if (length < 3 || data[0] != 'P' || data[1] < '1' || data[1] > '6' ||
		(data[2] != '#' && !g_ascii_isspace(data[2])))
		return false;
	*header = (struct netpbm){.kind = (char)data[1], .most = 1};
	if (!read_number(&text, G_MAXUINT, &header->width) || !read_number(&text, G_MAXUINT, &header->height) ||
		(!bits && !read_number(&text, G_MAXUINT, &header->most)))
		return false;
	if (is_at(&text, '#'))
		skip_comment(&text);
	header->pixels = text.at + 1; /* one white-space character separates them */
	header->comments = text.comments;
	return header->pixels <= length;
}

char *netpbm_plain_header(const struct netpbm *header)
{
	g_autofree char *most = header->kind == '4' ? g_strdup("") : g_strdup_printf(" %u", header->most);
	g_autofree char *text = g_strdup_printf(" %u %u%s\n", header->width, header->height, most);
	char *plain = g_malloc(header->pixels);

	/* The numbers and a space before each: not longer than they were. */
	memset(plain, ' ', header->pixels);
	plain[0] = 'P';
	plain[1] = header->kind;
	memcpy(plain + header->pixels - strlen(text), text, strlen(text));
	return plain;
}

static guint64 over(guint64 count, guint64 of)
{
	return (count + of - 1) / of;
}

GBytes *netpbm_binary(const guint8 *data, gsize length, const struct netpbm *header, GError **error)
{
	bool bits = header->kind == '1';
	guint bytes = header->most > 255 ? 2 : 1;
	guint64 in_row = (guint64)header->width * (header->kind == '3' ? 3 : 1);
	guint64 row_bytes = bits ? over(in_row, 8) : in_row * bytes;
	/* Each number has a character at least. */
	if (header->height > 0 && in_row > length / header->height) {
		fail(error, ERROR_INPUT, "damaged image: the file has fewer numbers than %u x %u pixels need",
			header->width, header->height);
		return NULL;
	}
	char start[64];
	gsize start_bytes =
		(gsize)g_snprintf(start, sizeof(start), "P%c %u %u", header->kind + 3, header->width, header->height);
	start_bytes += (gsize)g_snprintf(
		start + start_bytes, sizeof(start) - start_bytes, bits ? "\n" : " %u\n", header->most);
	gsize all = start_bytes + row_bytes * header->height;
	g_autofree guint8 *binary = g_try_malloc0(all);
	if (!binary) {
		fail(error, ERROR_SYSTEM, "no memory for %" G_GSIZE_FORMAT " bytes of numbers", all);
		return NULL;
	}
	memcpy(binary, start, start_bytes);

	struct text text = {data, length, header->pixels - 1, false};
	guint8 *row = binary + start_bytes;
	for (guint y = 0; y < header->height; y++, row += row_bytes)
		for (guint64 x = 0; x < in_row; x++) {
			guint value;
			/* The digits of a PBM need no space between them. */
			if (!read_number(&text, bits ? 1 : G_MAXUINT, &value)) {
				fail(error, ERROR_INPUT, "damaged image: row %u, number %" G_GUINT64_FORMAT ": %s",
					y + 1, x + 1, text.at < length ? "not a number" : "the file ends");
				return NULL;
			}
			value = MIN(value, header->most);
			if (bits)
				row[x / 8] |= (guint8)(value << (7 - x % 8));
			else if (bytes == 1)
				row[x] = (guint8)value;
			else
				row[2 * x] = (guint8)(value >> 8), row[2 * x + 1] = (guint8)value;
		}
	return g_bytes_new_take(g_steal_pointer(&binary), all);
}
