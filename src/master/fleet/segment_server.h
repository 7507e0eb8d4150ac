/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   opens segments for a worker whose sandbox lets it open nothing of another process: it sends a segment's path over the socket
 *            that it was started with, and gets the segment, or a line that says why not. Nothing else goes through.
 * Thread:    the main loop of whoever started the worker. A worker cannot hold it up: nothing waits for it here.
 * Ownership: door_free() closes the socket.
 */
#ifndef DROPMILL_MASTER_FLEET_SEGMENT_SERVER_H
#define DROPMILL_MASTER_FLEET_SEGMENT_SERVER_H

struct door;

struct door *door_new(int socket); /* takes the socket */
void door_free(struct door *door); /* NULL is fine */

#endif
