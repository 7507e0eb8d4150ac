/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   where the time of one job went, and how often what costs time was done, told apart by process: codec, workers, master.
 *            One table, so that who measures, the log, the API and the benches have the same names. Clocks are read a few times a
 *            tile or band, never a row.
 * Thread:    none of its own; its owner guards it.
 */
#pragma once

#include <json-glib/json-glib.h>

/* name, whose, as shown. *_us: wall time, but *cpu_us. Those of codecs and workers are sums over all of them. */
#define SPENT_FIELDS(X)                                                                                                \
	X(SPENT_PLAN_US, "codec", "plan_us") /* header, grid, needs */                                                 \
	X(SPENT_DECODE_US, "codec", "decode_us")                                                                       \
	X(SPENT_DECODE_CPU_US, "codec", "decode_cpu_us")                                                               \
	X(SPENT_DECODE_WAIT_US, "codec", "decode_wait_us") /* for room in the ring */                                  \
	X(SPENT_DECODE_COPY_US, "codec", "decode_copy_us")                                                             \
	X(SPENT_ENCODE_US, "codec", "encode_us")           /* from the order to begin, waits included: they overlap */ \
	X(SPENT_ENCODE_CPU_US, "codec", "encode_cpu_us")   /* what plan and decoder did not use */                     \
	X(SPENT_ENCODE_WAIT_US, "codec", "encode_wait_us") /* for finished rows */                                     \
	X(SPENT_ENCODE_COPY_US, "codec", "encode_copy_us")                                                             \
	X(SPENT_CODEC_COPIED, "codec", "copied_bytes")                                                                 \
	X(SPENT_PIECES, "codec", "pieces") /* of the file, unpacked on several cores; 0: by one */                     \
	X(SPENT_STRIPS, "codec", "strips") /* of outputs, encoded on several cores; 0: by one */                       \
	X(SPENT_TASKS, "workers", "tasks")                                                                             \
	X(SPENT_CHAINS, "workers", "chains") /* how often a chain was built */                                         \
	X(SPENT_BUILD_US, "workers", "build_us")                                                                       \
	X(SPENT_COMPUTE_US, "workers", "compute_us") /* all of a task, copying and building included */                \
	X(SPENT_COMPUTE_CPU_US, "workers", "cpu_us") /* of the whole process meanwhile */                              \
	X(SPENT_COMPUTE_COPY_US, "workers", "copy_us")                                                                 \
	X(SPENT_COMPUTE_WAIT_US, "workers", "wait_us") /* between two tasks of this job */                             \
	X(SPENT_COMPUTE_COPIED, "workers", "copied_bytes")                                                             \
	X(SPENT_RECORDS_SENT, "master", "records_sent")                                                                \
	X(SPENT_RESULTS, "master", "results")                                                                          \
	X(SPENT_PROCESSES, "master", "processes")       /* started for this job */                                     \
	X(SPENT_PLAN_WAIT_US, "master", "plan_wait_us") /* from a codec's start to its plan */                         \
	X(SPENT_PACK_US, "master", "copy_us")           /* rectangles and files, to and from records */                \
	X(SPENT_PACKED, "master", "copied_bytes")                                                                      \
	X(SPENT_COMMIT_US, "master", "commit_us") /* temp files to their places, on disk */                            \
	X(SPENT_TOTAL_US, "master", "total_us")   /* from the drop to the end */

enum spent_field {
#define X(name, whose, text) name,
	SPENT_FIELDS(X)
#undef X
		SPENT_FIELD_COUNT
};

struct spent {
	gint64 of[SPENT_FIELD_COUNT];
};

/* What came over the wire is added as well: never beyond the largest number, negative ones not at all. */
void spent_add(struct spent *spent, enum spent_field field, gint64 amount);

/* {"codec": {...}, "workers": {...}, "master": {...}}. Returns owned. */
JsonObject *spent_object(const struct spent *spent);
/* The members of one of them, as a codec sends them. Returns owned. */
JsonObject *spent_part(const struct spent *spent, const char *whose);
/* And as the master takes them: what is missing or no number counts as 0. part may be NULL. */
void spent_add_part(struct spent *spent, const char *whose, JsonObject *part);
