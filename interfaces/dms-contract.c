/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-contract-private.h"

#include "dms-error.h"

/* Answers an asynchronous call that the implementation lacks. The tag is the contract's own function. */
void
dms_contract_report_missing (gpointer self,
                             gpointer tag,
                             const char *operation,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_task_report_new_error (self, callback, user_data, tag, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED,
                           "%s does not support “%s”", G_OBJECT_TYPE_NAME (self), operation);
}

/* Whether a result came from dms_contract_report_missing(); sets the error then. */
gboolean
dms_contract_is_missing (gpointer self, gpointer tag, GAsyncResult *result, GError **error)
{
  if (!g_async_result_is_tagged (result, tag) || !g_task_is_valid (result, self))
    return FALSE;
  g_task_propagate_boolean (G_TASK (result), error);
  return TRUE;
}

/* Callers of a contract see errors of DMS_ERROR only, whatever the implementation passed on. */
void
dms_contract_adopt_error (GError **error)
{
  if (error != NULL && *error != NULL && (*error)->domain != DMS_ERROR)
    dms_error_adopt (error, NULL);
}

void
dms_contract_set_missing (gpointer self, const char *operation, GError **error)
{
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_NOT_SUPPORTED,
               "%s does not support “%s”",
               G_OBJECT_TYPE_NAME (self),
               operation);
}
