/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

/* What every contract does where an implementation has nothing: it answers DMS_ERROR_NOT_SUPPORTED. */

void dms_contract_report_missing (gpointer self,
                                  gpointer tag,
                                  const char *operation,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean dms_contract_is_missing (gpointer self, gpointer tag, GAsyncResult *result, GError **error);
void dms_contract_adopt_error (GError **error);
void dms_contract_set_missing (gpointer self, const char *operation, GError **error);

G_END_DECLS
