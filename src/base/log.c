/* SPDX-License-Identifier: GPL-2.0-or-later
 * One line an event: see log.h. */
#include "base/log.h"

#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/terminal.h"

static char *log_role;
static bool log_json;
static enum log_level log_lowest = LOG_INFO;

static const char *const level_names[] = {"debug", "info", "warning", "error"};

static char *line_as_json(enum log_level level, const char *when, const char *message)
{
	g_autoptr(JsonObject) object = json_object_new();
	g_autofree char *valid = g_utf8_make_valid(message, -1);

	json_object_set_string_member(object, "time", when);
	json_object_set_string_member(object, "level", level_names[level]);
	json_object_set_string_member(object, "role", log_role ? log_role : "");
	json_object_set_string_member(object, "message", valid);
	g_autofree char *text = json_object_text(object);
	return g_strconcat(text, "\n", NULL);
}

static char *line_as_text(enum log_level level, const char *when, const char *message)
{
	g_autofree char *shown = terminal_harmless(message);

	return g_strdup_printf("%.8s %s%s%s%s\n", when + 11, log_role ? log_role : "", log_role ? ": " : "",
		level >= LOG_ERROR     ? "error: "
		: level == LOG_WARNING ? "warning: "
				       : "",
		shown);
}

static void write_line(enum log_level level, const char *message)
{
	g_autofree char *when = clock_iso(clock_wall_us());
	g_autofree char *line = log_json ? line_as_json(level, when, message) : line_as_text(level, when, message);
	gsize length = strlen(line);

	/* One write, so that lines of several processes do not mix. Nothing helps when standard error is gone. */
	if (write(STDERR_FILENO, line, length) != (gssize)length)
		return;
}

void log_at(enum log_level level, const char *format, ...)
{
	if (level < log_lowest)
		return;
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	write_line(level, message);
}

static GLogWriterOutput glib_line(GLogLevelFlags flags, const GLogField *fields, gsize count, gpointer user)
{
	enum log_level level = flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL) ? LOG_ERROR
			       : flags & G_LOG_LEVEL_WARNING                      ? LOG_WARNING
			       : flags & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO) ? LOG_DEBUG
										  : LOG_DEBUG;
	(void)user;
	for (gsize i = 0; level >= log_lowest && i < count; i++)
		if (strcmp(fields[i].key, "MESSAGE") == 0)
			write_line(level, fields[i].value);
	return G_LOG_WRITER_HANDLED;
}

void log_init(const char *role, bool json)
{
	bool first = !log_role;
	g_free(log_role);
	log_role = g_strdup(role);
	log_json = json;
	if (g_strcmp0(g_getenv("DROPMILL_LOG"), "debug") == 0)
		log_lowest = LOG_DEBUG;
	if (first)
		g_log_set_writer_func(glib_line, NULL, NULL);
}

void log_set_level(enum log_level lowest)
{
	log_lowest = lowest;
}
