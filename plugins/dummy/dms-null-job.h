/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* What a job of the null executor pretends to do: its engine parameters, checked. */
typedef struct
{
  char *out;
  char *err;
  char *out_at_end;
  char *fail_prepare;
  char *fail_launch;
  char *fail_script;
  char *exec_out;
  gint64 duration_ms;
  gint64 prepare_ms;
  int exit_code;
  int exec_exit_code;
  int signal;
  gboolean out_of_memory;
  gboolean ignore_stop;
} DmsNullJob;

DmsNullJob *dms_null_job_new (JsonObject *params, GError **error);
void dms_null_job_free (DmsNullJob *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsNullJob, dms_null_job_free)

G_END_DECLS
