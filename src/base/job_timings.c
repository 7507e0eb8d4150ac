/* SPDX-License-Identifier: GPL-2.0-or-later
 * Where the time of one job went: see job_timings.h. */
#include "base/job_timings.h"

#include <string.h>

#include "base/json.h"

static const struct {
	const char *whose, *text;
} fields[] = {
#define X(name, whose, text) [name] = {whose, text},
	SPENT_FIELDS(X)
#undef X
};

void spent_add(struct spent *spent, enum spent_field field, gint64 amount)
{
	gint64 *sum = &spent->of[field];

	amount = MAX(amount, 0);
	*sum = amount > G_MAXINT64 - *sum ? G_MAXINT64 : *sum + amount;
}

JsonObject *spent_part(const struct spent *spent, const char *whose)
{
	JsonObject *part = json_object_new();

	for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
		if (strcmp(fields[i].whose, whose) == 0)
			json_object_set_int_member(part, fields[i].text, spent->of[i]);
	return part;
}

JsonObject *spent_object(const struct spent *spent)
{
	static const char *const all[] = {"codec", "workers", "master"};
	JsonObject *object = json_object_new();

	for (guint i = 0; i < G_N_ELEMENTS(all); i++)
		json_object_set_object_member(object, all[i], spent_part(spent, all[i]));
	return object;
}

void spent_add_part(struct spent *spent, const char *whose, JsonObject *part)
{
	for (guint i = 0; part && i < G_N_ELEMENTS(fields); i++)
		if (strcmp(fields[i].whose, whose) == 0)
			spent_add(spent, (enum spent_field)i, json_int(part, fields[i].text, 0));
}
