/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   one tiled job, in a process of its own that can be killed: header, plan, decode, encode. It talks to the master over a
 *            socket (descriptor 3), a JSON object a line:
 *              master: {"cmd": "plan", "read": [...], "write": [...], ...} (opens nothing else, where the kernel has Landlock)   codec: {"event": "plan", ...} or {"event": "failed", "kind", "limit", "message"}
 *                      ("code" in both: what computes pixels as its process does, see image/quirks/image_code.h)
 *                      (kind: input, the file is at fault; retry; system, try the job whole)
 *              master: {"cmd": "go", "temps": [...]}, with the segment's descriptor beside it
 *              codec:  {"event": "ready", "tiles": [[tile, output, out l, t, w, h, need l, t, w, h], ...]}  as rows arrive
 *              master: {"cmd": "done", "tile"}, or {"cmd": "held", "tile"}: done, but a second worker is at it still, and then {"cmd": "free", "tile"}
 *              codec:  {"event": "encoded", "outputs": [{"bytes", "width", "height"}], "spent": {...}}, then it ends.
 *                      (spent: see base/job_timings.h)
 *            The socket's end is the order to stop at once.
 * Thread:    a control thread (main), a decoder thread, an encoder thread for each output.
 */
#pragma once

/* `dropmill-image codec`: serves one job; returns the process's exit status. */
int codec_command(int argc, char **argv);
