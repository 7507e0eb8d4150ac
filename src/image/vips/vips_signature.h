/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what libvips says of its own operations: which take an image and give one, and their parameters. Where an operation takes
 *            several images, the picture is the first of them that the definition does not name a file for.
 *            Private to image/.
 * Thread:    any, after image_init(). Ownership: signatures are owned by the caller; names belong to libvips.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <vips/vips.h>

#include "base/auto.h"
#include "image/table/auto.h"

struct vips_argument {
	char *name; /* as definitions write it: with _ for - */
	GParamSpec *spec;
	bool required;
	bool deprecated; /* known only to be refused */
	bool settable;   /* of a type that a definition can write */
	bool image;      /* an image that must be there: from the definition, or else the picture */
	bool images;     /* a list of images that must be there, and which the picture begins when no image lacks */
};

struct vips_signature {
	const char *nickname;
	const char *description;
	const char *out;      /* property of the one image out */
	GPtrArray *arguments; /* struct vips_argument, required ones first */
	char *refusal;        /* why it cannot be a step; NULL: it can */
	unsigned vips_flags;  /* VipsOperationFlags */
};

/* NULL when libvips has no operation of that name. */
struct vips_signature *vips_signature_new(const char *name);
void vips_signature_free(struct vips_signature *signature); /* NULL is fine */
DEFINE_AUTO(vips_signature, vips_signature_free)

/* By name, - and _ alike; NULL when unknown. */
const struct vips_argument *vips_signature_argument(const struct vips_signature *signature, const char *name);

/* Which argument the picture is for, given what the definition has; NULL when it has them all. */
const struct vips_argument *vips_signature_place(const struct vips_signature *signature, JsonObject *params);

/* The next argument from *index on that must be given and is not; NULL when there is none. place is the picture's. */
const struct vips_argument *vips_signature_missing(
	const struct vips_signature *signature, JsonObject *params, const struct vips_argument *place, guint *index);

/* Whether it takes images beside the picture, so that a definition may say which is which. */
bool vips_signature_has_images(const struct vips_signature *signature);

/* Nicknames of the operations that can be steps; ends with NULL; made once, static. */
const char *const *vips_signature_usable(void);

/* Nicknames of an enumeration, without its guards; ends with NULL. Returns owned (container only). */
GPtrArray *vips_signature_nicks(GType type);
