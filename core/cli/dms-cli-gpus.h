/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "cli/dms-cli-call.h"

G_BEGIN_DECLS

#define DMS_CLI_GPUS_MB (G_GUINT64_CONSTANT (1) << 20)

/* This machine, if it has GPUs; else NULL with the error `no gpus found`. */
DmsHardware *dms_cli_gpus_find (DmsCliCall *call, GError **error);

G_END_DECLS
