/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the folder for temporary files of this process and its children, below TMPDIR: what a killed child leaves there (a pyramid that
 *            was being packed, the file that liborc makes its code in) goes with the folder, and a confined decoder may write into none of the
 *            other temporary files of its user.
 * Thread:    the main thread; temp_folder_open() before any other starts, since it changes the environment.
 */
#pragma once

/* Makes the folder and names it in TMPDIR; removes those of processes of this user that ended without temp_folder_close(). Where none can be
 * made, TMPDIR stays what it was. */
void temp_folder_open(void);

/* Ends the children that are still there, then removes the folder. */
void temp_folder_close(void);
