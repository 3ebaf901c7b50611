/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* Prints one JSON object of what sandboxes can do on this machine; runs one empty sandbox to find out. */
int dms_shim_probe (const char *bwrap);
