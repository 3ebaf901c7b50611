/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-refusal.h"

const char *
dms_refusal_get_nick (DmsRefusal refusal)
{
  static const char *const nicks[DMS_N_REFUSALS] = {
    [DMS_REFUSAL_NO_INBOX] = "no-inbox",
    [DMS_REFUSAL_MALFORMED] = "malformed",
    [DMS_REFUSAL_TOO_LARGE] = "too-large",
    [DMS_REFUSAL_EXPIRED] = "expired",
    [DMS_REFUSAL_BAD_SIGNATURE] = "bad-signature",
    [DMS_REFUSAL_WRONG_ADDRESS] = "wrong-address",
    [DMS_REFUSAL_WRONG_HOST] = "wrong-host",
    [DMS_REFUSAL_REPLAYED] = "replayed",
    [DMS_REFUSAL_NOT_REMEMBERED] = "not-remembered",
    [DMS_REFUSAL_NOT_AUTHORIZED] = "not-authorized",
    [DMS_REFUSAL_NO_BEHAVIOUR] = "no-behaviour",
    [DMS_REFUSAL_BUSY] = "busy",
    [DMS_REFUSAL_RATE_LIMITED] = "rate-limited",
    [DMS_REFUSAL_TOO_MANY_AT_ONCE] = "too-many-at-once",
  };

  g_return_val_if_fail (refusal < DMS_N_REFUSALS, "");

  return nicks[refusal];
}

DmsRefusal
dms_refusal_of_error (const GError *error)
{
  static const struct
  {
    DmsErrorCode code;
    DmsRefusal refusal;
  } refusals[] = {
    { DMS_ERROR_EXPIRED, DMS_REFUSAL_EXPIRED },
    { DMS_ERROR_BAD_SIGNATURE, DMS_REFUSAL_BAD_SIGNATURE },
    { DMS_ERROR_TOO_LARGE, DMS_REFUSAL_TOO_LARGE },
    { DMS_ERROR_NOT_AUTHORIZED, DMS_REFUSAL_NOT_AUTHORIZED },
    { DMS_ERROR_REVOKED, DMS_REFUSAL_NOT_AUTHORIZED },
    { DMS_ERROR_REPLAYED, DMS_REFUSAL_REPLAYED },
    { DMS_ERROR_BUSY, DMS_REFUSAL_BUSY },
  };

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      if (g_error_matches (error, DMS_ERROR, (int) refusals[i].code))
        return refusals[i].refusal;
    }
  return DMS_REFUSAL_MALFORMED;
}
