/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   opens segments for a worker whose sandbox lets it open nothing of another process: it sends a segment's path over the socket
 *            that it was started with, and gets the segment, or a line that says why not. Nothing else goes through.
 * Thread:    the main loop of whoever started the worker. A worker cannot hold it up: nothing waits for it here.
 * Ownership: segment_server_free() closes the socket.
 */
#pragma once

struct segment_server;

struct segment_server *segment_server_new(int socket);   /* takes the socket */
void segment_server_free(struct segment_server *server); /* NULL is fine */
