/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a real one-node Apache Kafka for a test program, which tests/kafka/kafka fetches and starts. Tests are skipped with the
 *            reason where Java or Maven cannot be had; under CI that is a failure. Also runs `dropmill topics`.
 * Thread:    the test's. Ownership: one broker a program, from set_up() to tear_down().
 */
#pragma once

#include "support.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/topics.h"

#define SCRIPT "tests/kafka/kafka"

/* One broker for all tests: it takes some seconds to start. Each test has a prefix, and so topics, of its own. */
static GSubprocess *broker_process;
static GDataInputStream *broker_output;
static char *broker_data;
static char *broker_address;
static char *broker_missing; /* why there is none */

static inline void die_with_test(gpointer user)
{
	(void)user;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/* Starts, or starts again on the same data; false when the script could not. */
static inline bool start_broker(void)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
	g_autoptr(GError) error = NULL;
	g_autofree char *jars =
		g_build_filename(g_getenv("BUILD_TOP") ? g_getenv("BUILD_TOP") : "build", "kafka", NULL);

	g_subprocess_launcher_set_child_setup(launcher, die_with_test, NULL, NULL);
	broker_process =
		g_subprocess_launcher_spawn(launcher, &error, SCRIPT, "start", jars, "--data", broker_data, NULL);
	if (!broker_process) {
		broker_missing = g_strdup_printf("%s (tests run in the top folder): %s", SCRIPT, error->message);
		return false;
	}
	broker_output = g_data_input_stream_new(g_subprocess_get_stdout_pipe(broker_process));
	g_free(broker_address);
	broker_address = g_data_input_stream_read_line(broker_output, NULL, NULL, NULL);
	if (broker_address)
		return true;
	g_subprocess_wait(broker_process, NULL, NULL);
	broker_missing = g_strdup_printf("%s start: exit status %d, see above", SCRIPT,
		g_subprocess_get_if_exited(broker_process) ? g_subprocess_get_exit_status(broker_process) : -1);
	return false;
}

static inline void end_broker(void)
{
	if (broker_process) {
		g_subprocess_send_signal(broker_process, SIGTERM);
		g_subprocess_wait(broker_process, NULL, NULL);
	}
	g_clear_object(&broker_output);
	g_clear_object(&broker_process);
}

static inline int set_up(void **state)
{
	broker_data = g_dir_make_tmp("dropmill-kafka-XXXXXX", NULL);
	if (!start_broker()) {
		bool required = g_getenv("CI") != NULL;
		print_message("%s: %s\n", required ? "no Apache Kafka, which CI requires" : "no Apache Kafka, skipped",
			broker_missing);
		return required ? -1 : 0;
	}
	return 0;
}

static inline int tear_down(void **state)
{
	end_broker();
	const char *const remove[] = {"rm", "-rf", "--", broker_data, NULL};
	g_spawn_sync(NULL, (char **)remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
	g_free(broker_data);
	g_free(broker_address);
	g_free(broker_missing);
	return 0;
}

#define NEED_BROKER()                                                                                                  \
	do {                                                                                                           \
		if (broker_missing)                                                                                    \
			skip();                                                                                        \
	} while (0)

static inline struct bus *cluster_bus(const char *prefix, struct states *states)
{
	struct bus_options options = {.brokers = broker_address, .prefix = (char *)prefix, .role = "test"};
	struct bus *bus = bus_new(&options, states ? on_state : NULL, states, NULL);
	assert_non_null(bus);
	return bus;
}

static inline void create_topics(struct bus *bus, int partitions, gint64 largest)
{
	struct topic_plan plan;
	g_autoptr(GError) error = NULL;

	topic_plan_default(&plan);
	plan.partitions = partitions;
	plan.max_message_bytes = largest;
	if (!topics_create(bus, &plan, NULL, &error))
		fail_msg("%s", error->message);
}

/* `dropmill topics ...` in a process of its own, without a terminal: this program runs the command when called so. */
static inline int topics(char **output, char **errors, const char *const *arguments)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	int status = -1;

	if (emulated()) {
		print_message("skipped: the emulator cannot start this program once more\n");
		skip();
	}
	g_ptr_array_add(words, "/proc/self/exe");
	g_ptr_array_add(words, "topics");
	for (; *arguments; arguments++)
		g_ptr_array_add(words, (char *)*arguments);
	g_ptr_array_add(words, NULL);
	assert_true(g_spawn_sync(
		NULL, (char **)words->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL, output, errors, &status, NULL));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
#define TOPICS(output, errors, ...) topics(output, errors, (const char *const[]){__VA_ARGS__, NULL})
