/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the state of reading one definition, and readers of one value each. Private to this module. Every reader
 *            takes the key's name for its message, adds a diagnostic at the value when it is not what the key
 *            takes, and then returns false and leaves *value alone.
 * Thread:    any. Ownership: a reader borrows everything; strings are borrowed from the node.
 */
#pragma once

#include "definition/reader/definition.h"
#include "definition/yaml/include.h"

struct reader {
	struct pipeline *pipeline;
	const struct step_rules *rules;
	struct diagnostics *errors;
	struct sources *sources;
	GPtrArray *when;     /* JsonObject, borrowed: conditions of the groups that are open */
	unsigned conditions; /* given out so far: ids */
};

/* Text for people: "'blur'", "a list", "nothing". Returns owned. */
char *node_shown(const struct node *node);

/* "unknown key 'outputz'; did you mean 'outputs'?" at the key; known ends with NULL. */
void unknown_key(struct reader *reader, const struct node_entry *entry, const char *const *known);

/* False with a diagnostic when the node is of another kind (NODE_LIST: "... must be a list"). advice: what to write. */
bool require_kind(
	struct reader *reader, const char *key, const struct node *node, enum node_kind kind, const char *advice);

bool read_text(struct reader *reader, const char *key, const struct node *node, const char **value);
bool read_bool(struct reader *reader, const char *key, const struct node *node, bool *value);
bool read_integer(
	struct reader *reader, const char *key, const struct node *node, gint64 min, gint64 max, gint64 *value);
bool read_number(
	struct reader *reader, const char *key, const struct node *node, double min, double max, double *value);
/* "500ms", "2s", "1m"; from nothing to an hour. */
bool read_duration(struct reader *reader, const char *key, const struct node *node, gint64 *value_us);
/* 2000000, "200MB", "1.5GiB": at least 1. */
bool read_bytes(struct reader *reader, const char *key, const struct node *node, gint64 *value);
/* A condition on the picture: its text, checked. */
bool read_when(struct reader *reader, const struct node *node, const char **value);
/* The index of one of names, which ends with NULL. */
bool read_choice(
	struct reader *reader, const char *key, const struct node *node, const char *const *names, unsigned *value);
