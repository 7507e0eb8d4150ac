/* SPDX-License-Identifier: GPL-2.0-or-later
 * The MAC of a record: see seal.h. */
#include "bus/seal.h"

#include <string.h>
#include <sys/random.h>

#define HEADER "mac"

GBytes *seal_key_new(void)
{
	guint8 key[SEAL_KEY_BYTES];

	/* So few bytes come at once, or not at all. */
	if (getrandom(key, sizeof key, 0) != (gssize)sizeof key)
		g_error("the kernel gives no random numbers");
	return g_bytes_new(key, sizeof key);
}

/* Each text with its end, so that none can pass into the next. */
static void add_text(GHmac *hmac, const char *text)
{
	g_hmac_update(hmac, (const guchar *)text, (gssize)strlen(text) + 1);
}

static char *mac_of(const struct record *record, GBytes *key)
{
	gsize key_bytes, length;
	const void *bytes = g_bytes_get_data(key, &key_bytes);
	const guchar *value = g_bytes_get_data(record->value, &length);
	g_autofree char *topic = g_strdup_printf("%d", record->topic);
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, bytes, key_bytes);

	add_text(hmac, topic);
	for (guint i = 0; i + 1 < record->headers->len; i += 2)
		if (strcmp(record->headers->pdata[i], HEADER) != 0) {
			add_text(hmac, record->headers->pdata[i]);
			add_text(hmac, record->headers->pdata[i + 1]);
		}
	add_text(hmac, "");
	if (length > 0)
		g_hmac_update(hmac, value, (gssize)length);
	char *mac = g_strdup(g_hmac_get_string(hmac));
	g_hmac_unref(hmac);
	return mac;
}

void seal_add(struct record *record, GBytes *key)
{
	g_autofree char *mac = mac_of(record, key);

	record_add(record, HEADER, mac);
}

bool seal_holds(const struct record *record, GBytes *key)
{
	const char *given = record_get(record, HEADER);
	g_autofree char *mac = mac_of(record, key);
	guint differ = 0;

	if (!given || strlen(given) != strlen(mac))
		return false;
	/* In the same time wherever they differ. */
	for (gsize i = 0; mac[i]; i++)
		differ |= (guint)(guchar)(mac[i] ^ given[i]);
	return differ == 0;
}
