/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the options of run, master, worker and once: command line before environment (DROPMILL_NAME) before
 *            dropmill.yaml before the default.
 * Thread:    read on the main thread before any other starts, constant afterwards.
 * Ownership: options_free().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

/* Every option but the four below. The name of the field is also the flag (with - for _), the key in dropmill.yaml, and
 * in capitals DROPMILL_NAME. Then come its argument (its values, if that has a |) and the bounds of a number. Then the
 * default or NULL, what the help says instead of the default or NULL, and the help. Help, manual, man page and
 * completion are made of it. */
#define OPTIONS(TEXT, NUMBER, SIZE)                                                                                    \
	TEXT(pipelines, "DIR", "pipelines", NULL, "folder of definitions")                                             \
	TEXT(watch, "DIR", "watch", NULL, "folder of inboxes")                                                         \
	TEXT(out, "DIR", "out", NULL, "folder for finished images")                                                    \
	TEXT(state, "DIR", ".dropmill", NULL, "history and spool files")                                               \
	NUMBER(workers, "N", 1, 1024, NULL, "one for each core", "worker processes of run and once")                   \
	NUMBER(count, "N", 1, 1024, "1", NULL, "worker processes of worker")                                           \
	SIZE(memory, "SIZE", NULL, "256M",                                                                             \
		"memory for rows of tiled pictures, and for data on its way to workers of a cluster")                  \
	SIZE(spool, "SIZE", NULL, "16G", "disk space of each process for large pictures on their way over Kafka")      \
	NUMBER(recycle_tasks, "N", 0, 1000000000, NULL, "never",                                                       \
		"replace a worker after this many tasks; it finishes its tasks first and gets no new ones")            \
	SIZE(recycle_growth, "SIZE", NULL, "never", "replace a worker when its own memory grew by this much (500M)")   \
	SIZE(worker_memory, "SIZE", NULL, "none", "replace a worker that holds more memory than this (2G)")            \
	NUMBER(nice, "N", -20, 19, "0", NULL, "niceness of workers and codecs")                                        \
	TEXT(http, "ADDR:PORT", "127.0.0.1:8080", NULL,                                                                \
		"address of the page; port 0 takes any free port and prints it")                                       \
	TEXT(brokers, "LIST", NULL, "the embedded broker", "the Kafka cluster, host:port,...")                         \
	TEXT(topic_prefix, "P", "", "none",                                                                            \
		"goes before the name of every topic and group, for several mills on one cluster")                     \
	TEXT(payload, "auto|inline|shm", "auto", NULL,                                                                 \
		"how pixels travel: in Kafka records, or in shared memory on one machine")                             \
	NUMBER(history, "N", 1, 100000000, "100000", NULL, "finished jobs in the history; older jobs only count")      \
	NUMBER(drain_seconds, "N", 1, 86400, "120", NULL,                                                              \
		"after SIGTERM, time to finish current work; the rest stays claimed for the next start")               \
	NUMBER(queue, "N", 1, 100000000, NULL, "1000, or 8 for each worker",                                           \
		"files of an inbox that are claimed at a time")                                                        \
	NUMBER(tile, "PX", 16, 65536, NULL, "512; larger for large pictures",                                          \
		"tile edge; if given, every picture larger than one tile is cut")                                      \
	TEXT(log_format, "text|json", "text", NULL, "log lines")

struct options {
#define TEXT_FIELD(field, ...) char *field;  /* NULL: not given, and there is no default */
#define NUMBER_FIELD(field, ...) int field;  /* 0: the same */
#define SIZE_FIELD(field, ...) gint64 field; /* bytes; 0: the same */
	OPTIONS(TEXT_FIELD, NUMBER_FIELD, SIZE_FIELD)
#undef TEXT_FIELD
#undef NUMBER_FIELD
#undef SIZE_FIELD
	char *config;           /* dropmill.yaml */
	char **allow;           /* worker: folders that tasks may name files in; NULL: none */
	GHashTable *properties; /* librdkafka properties */
	char **rest;            /* arguments that are not options */
};

/* argv[0] is the subcommand's name: run, master, worker, once. Errors are one line for people; exit status 2. usage is shown by --help. */
struct options *options_read(int argc, char **argv, const char *usage, GError **error);
void options_free(struct options *options);

/* A dropmill.yaml with every option as a comment: its help, and its default or, without one, the kind of value. Returns owned. */
char *options_as_yaml(void);
DEFINE_AUTO(options, options_free)
