/* SPDX-License-Identifier: GPL-2.0-or-later
 * Addresses, the one-line reasons why they cannot be had, and the guard against DNS rebinding. */

#include "../unit.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "web/http/listen.h"
#include "web/server.h"

static void refused(const char *text, const char *reason)
{
	g_autoptr(GError) error = NULL;
	struct web *web = web_new(text, NULL, &error);

	if (web)
		fail_msg("%s was taken", text);
	if (!strstr(error->message, reason))
		fail_msg("%s: '%s' lacks '%s'", text, error->message, reason);
	assert_null(strchr(error->message, '\n'));
}

static void test_addresses(void **state)
{
	auto_struct(listen_address) loopback = listen_parse("127.0.0.1:8080", NULL);
	assert_string_equal(loopback->numeric, "127.0.0.1");
	assert_int_equal(loopback->port, 8080);
	assert_null(loopback->machine);
	auto_struct(listen_address) named = listen_parse("localhost:0", NULL);
	assert_string_equal(named->numeric, "127.0.0.1");
	assert_int_equal(named->port, 0);
	auto_struct(listen_address) all = listen_parse("0.0.0.0:80", NULL);
	assert_non_null(all->machine);
}

static void test_what_is_no_address(void **state)
{
	static const char *const bad[] = {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http",
		"127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+80", "127.0.0.1: 80", "127.0.0.1:80s", "1:2:3",
		"127.0.0.1:80,127.0.0.1:81", "http://127.0.0.1:80"};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		refused(bad[i], "is not ADDR:PORT");
	refused("[::1]:8080", "IPv6");
	refused("no-such-host.invalid:8080", "no-such-host.invalid is not an address of this machine");
}

static void test_port_taken(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(holder, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(holder, 1), 0);
	assert_int_equal(getsockname(holder, (struct sockaddr *)&address, &length), 0);
	g_autofree char *text = g_strdup_printf("127.0.0.1:%d", ntohs(address.sin_port));
	g_autofree char *reason =
		g_strdup_printf("%s is taken; stop the other program or give --http 127.0.0.1:0", text);
	refused(text, reason);

	/* And once it is free, it can be had. */
	close(holder);
	g_autoptr(GError) error = NULL;
	struct web *web = web_new(text, NULL, &error);
	if (!web)
		fail_msg("%s", error->message);
	assert_int_equal(web_port(web), ntohs(address.sin_port));
	web_free(web);
}

static void test_an_address_of_another_machine(void **state)
{
	refused("192.0.2.1:8080", "192.0.2.1:8080: this machine has no such address");
}

static void test_hosts(void **state)
{
	auto_struct(listen_address) loopback = listen_parse("127.0.0.1:8080", NULL);
	static const char *const good[] = {"127.0.0.1", "127.0.0.1:8080", "localhost", "localhost:8080", "LOCALHOST",
		"localhost.", "mill.localhost:1", "[::1]:8080", "[::1]", "192.168.1.7:8080"};
	static const char *const bad[] = {"", ":8080", "evil.example", "evil.example:8080", "127.0.0.1.evil.example",
		"localhost.evil.example", "evil-localhost", "127.0.0.1:x", "127.0.0.1:80:80", "[::1", "[::1]x",
		"127.0.0.1 evil", "127.0.0.1/", "user@127.0.0.1"};

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		if (!listen_accepts_host(loopback, good[i]))
			fail_msg("'%s' was refused", good[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		if (listen_accepts_host(loopback, bad[i]))
			fail_msg("'%s' was accepted", bad[i]);
	assert_false(listen_accepts_host(loopback, NULL));
	assert_false(listen_accepts_host(loopback, g_get_host_name()) && strcmp(g_get_host_name(), "localhost") != 0);
}

static void test_the_name_given_and_the_machines_own(void **state)
{
	auto_struct(listen_address) all = listen_parse("0.0.0.0:80", NULL);
	g_autofree char *local = g_strconcat(g_get_host_name(), ".local:80", NULL);

	assert_true(listen_accepts_host(all, g_get_host_name()));
	assert_true(listen_accepts_host(all, local));
	assert_false(listen_accepts_host(all, "evil.example"));
	g_free(all->host);
	all->host = g_strdup("mill.example.org");
	assert_true(listen_accepts_host(all, "Mill.Example.org:8080"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_what_is_no_address),
		cmocka_unit_test(test_port_taken),
		cmocka_unit_test(test_an_address_of_another_machine),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_the_name_given_and_the_machines_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
