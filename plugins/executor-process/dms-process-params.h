/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* The engine parameters of a job, checked: `cmd`, `entrypoint`, `environment`, `working_directory`,
 * `network`, `rootfs` (or `root`), `user` and `log_limit`. Immutable. */
typedef struct _DmsProcessParams DmsProcessParams;

/* NULL with a text that names the parameter and what it must be. */
DmsProcessParams *dms_process_params_new (JsonObject *object, GError **error);
DmsProcessParams *dms_process_params_ref (DmsProcessParams *self);
void dms_process_params_unref (DmsProcessParams *self);

/* The program and its arguments; never empty. */
const char *const *dms_process_params_get_argv (DmsProcessParams *self);
/* `KEY=VALUE`. */
const char *const *dms_process_params_get_environment (DmsProcessParams *self);
/* (nullable) */
const char *dms_process_params_get_working_directory (DmsProcessParams *self);
/* (nullable) */
const char *dms_process_params_get_rootfs (DmsProcessParams *self);
gboolean dms_process_params_get_host_network (DmsProcessParams *self);
/* Bytes of each output that are kept. */
guint64 dms_process_params_get_log_limit (DmsProcessParams *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsProcessParams, dms_process_params_unref)

G_END_DECLS
