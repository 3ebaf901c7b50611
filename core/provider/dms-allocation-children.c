/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-allocation-private.h"

/* A job that may deploy finds a socket in its allocation. The folder it is in is mounted, not the socket
 * itself: a daemon that comes back makes a new one in it. */

static char *
dup_folder (DmsAllocation *self)
{
  return g_build_filename (dms_job_log_get_folder (self->log), "socket", NULL);
}

gboolean
dms_allocation_open_socket (DmsAllocation *self, GError **error)
{
  g_autofree char *folder = NULL;

  if (!self->record->has_socket || self->socket != NULL)
    return TRUE;
  folder = dup_folder (self);
  self->socket = dms_job_socket_new (
      folder, self->actor, self->record->orchestrator, self->record->ensemble_id, self->record->id, error);
  return self->socket != NULL;
}

void
dms_allocation_close_socket (DmsAllocation *self)
{
  if (self->socket != NULL)
    dms_job_socket_close (self->socket);
  g_clear_object (&self->socket);
}

void
dms_allocation_mount_socket (DmsAllocation *self, DmsExecutionSpecBuilder *builder)
{
  g_autofree char *folder = NULL;
  g_autoptr (DmsVolume) volume = NULL;

  if (!self->record->has_socket)
    return;
  folder = dup_folder (self);
  volume = dms_volume_new ("local", "dms", folder, DMS_JOB_SOCKET_MOUNT, TRUE, NULL);
  dms_execution_spec_builder_add_volume (builder, volume);
}

JsonObject *
dms_allocation_dup_params (DmsAllocation *self)
{
  static const char *const variables[] = { DMS_JOB_SOCKET_VARIABLE, NULL };
  g_autoptr (JsonObject) params = json_object_ref (self->record->params);

  if (self->record->has_socket)
    {
      JsonObject *with = dms_allocation_run_add_variables (params, variables);

      json_object_unref (params);
      params = with;
    }
  if (self->record->run == NULL)
    return g_steal_pointer (&params);
  return dms_allocation_run_apply (self->record->run, params);
}
