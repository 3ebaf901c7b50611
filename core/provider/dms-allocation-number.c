/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-allocation-private.h"

/* An orchestrator that hears nothing asks again, by the same number, and numbers grow. So a restart, or a run
 * of a workflow, is begun once, however often and in whatever order the questions for it come; and what was
 * refused is not done later, when its orchestrator may have gone elsewhere with it. */

gboolean
dms_allocation_admit (Work *work)
{
  DmsAllocationRecord *record = work->allocation->record;

  if (work->number == 0 || work->number > record->number || dms_allocation_is_repeated (work))
    return TRUE;
  dms_allocation_work_decline (
      work,
      g_error_new (DMS_ERROR,
                   DMS_ERROR_NO_RESOURCES,
                   work->number < record->number
                       ? "allocation “%s” was asked for something else since"
                       : "allocation “%s” was not free for this when it was asked first",
                   record->id));
  return FALSE;
}

gboolean
dms_allocation_is_repeated (Work *work)
{
  DmsAllocationRecord *record = work->allocation->record;

  return work->number > 0 && work->number == record->number && !record->is_refused;
}

void
dms_allocation_take_number (Work *work)
{
  DmsAllocationRecord *record = work->allocation->record;

  /* After a restart of the daemon it goes on with what it has taken. */
  if (work->number == 0)
    return;
  record->number = work->number;
  record->is_refused = FALSE;
}

void
dms_allocation_refuse_number (Work *work)
{
  if (work->number == 0)
    return;
  work->allocation->record->number = work->number;
  work->allocation->record->is_refused = TRUE;
}

void
dms_allocation_refuse (Work *work, GError *error)
{
  dms_allocation_refuse_number (work);
  dms_allocation_save (work->allocation);
  dms_allocation_work_decline (work, dms_allocation_take_disk_for_room (error));
}

GError *
dms_allocation_take_disk_for_room (GError *error)
{
  if (g_error_matches (error, DMS_ERROR, DMS_ERROR_NO_SPACE))
    error->code = DMS_ERROR_NO_RESOURCES;
  return error;
}

GError *
dms_allocation_dup_launch_error (DmsAllocation *self)
{
  DmsExecutionResult *result = self->record->result;
  const char *message;

  if (!dms_allocation_status_is_final (self->record->status) || result == NULL ||
      dms_execution_result_get_reason (result) != DMS_END_LAUNCH_FAILED)
    return NULL;
  message = dms_execution_result_get_message (result);
  return g_error_new_literal (
      DMS_ERROR, DMS_ERROR_FAILED, message != NULL ? message : "it could not be started");
}
