/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   child processes of ours: started with the descriptors they need and no other, ended when their parent
 *            ends (PR_SET_PDEATHSIG), watched by GLib's main loop.
 * Thread:    any that lives as long as the child: PDEATHSIG follows the thread that forked.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* Path of a program beside the running one ("dropmill-image"). Returns owned. */
char *process_sibling(const char *name);

/* Starts argv (NULL-terminated). control: when not NULL, a socketpair is made, the child gets its end as descriptor 3
 * and *control is ours (CLOEXEC). Standard input is /dev/null; output and error are inherited. Signals are unblocked
 * in the child, SIGPIPE is ignored as in the master (librdkafka over TLS wants that). environment: "NAME=VALUE"..., NULL: ours; others cannot read it, as they can argv. */
bool process_spawn(const char *const *argv, char **environment, int *control, pid_t *pid, GError **error);

/* Kills those of our children that have not ended, and waits until they have. The last thing that is done with any of them. */
void process_end_children(void);

/* In a child: die with the parent (expected is its process id), of this signal. */
void process_die_with_parent(int signal, pid_t expected);

/* A worker that ends itself since its task takes too long. */
#define PROCESS_OVERTIME 75

enum process_end { PROCESS_ENDED_BADLY, PROCESS_ENDED_WELL, PROCESS_ENDED_OVERTIME };

/* "killed by SIGSEGV", "exit status 3". Returns owned. */
char *process_status_text(int wait_status);
/* What such a text says, which comes from another machine. Any other text, or NULL: it ended badly. */
enum process_end process_end(const char *status_text);
/* Without "killed by ". Borrowed. */
const char *process_status_short(const char *status_text);

/* Memory that is this process's own (0: ours): anonymous, resident or swapped; what it shares with others is not counted. -1: unknown. */
gint64 process_private_bytes(pid_t pid);

/* Niceness of this process from DROPMILL_NICE, when set: before it starts a thread. */
void process_be_nice(void);

/* Identity of this machine for shared memory: boot id, pid namespace and user. Two processes with the same text can open each
 * other's /proc/PID/fd. Returns owned. */
char *process_machine(void);
