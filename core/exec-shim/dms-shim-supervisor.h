/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-shim-spec.h"

/* Runs the job to its end: starts the sandbox, keeps its outputs and limits, answers on the control socket,
 * and records how it ended. Says on notify_fd, once, `running\n` or `failed TEXT\n`. Takes over the
 * specification. */
int dms_shim_supervise (DmsShimSpec *spec, int notify_fd);
