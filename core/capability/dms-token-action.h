/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  DMS_TOKEN_ACTION_INVOKE,
  DMS_TOKEN_ACTION_DELEGATE,
  DMS_TOKEN_ACTION_BROADCAST,
  DMS_TOKEN_ACTION_REVOKE,
} DmsTokenAction;

const char *dms_token_action_to_string (DmsTokenAction action);
gboolean dms_token_action_from_string (const char *text, DmsTokenAction *action);

G_END_DECLS
