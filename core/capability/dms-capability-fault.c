/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "capability/dms-capability-fault.h"

#include <dms.h>

typedef struct
{
  const char *nick;
  const char *text;
} Words;

static const Words words[DMS_N_CAPABILITY_FAULTS] = {
  [DMS_CAPABILITY_FAULT_NONE] = { "none", "it holds" },
  [DMS_CAPABILITY_FAULT_NO_TOKEN] = { "no-token", "there is no token" },
  [DMS_CAPABILITY_FAULT_MALFORMED] = { "malformed", "it cannot be read" },
  [DMS_CAPABILITY_FAULT_LIST_TOO_LARGE] = { "list-too-large", "the list of tokens is too large" },
  [DMS_CAPABILITY_FAULT_WRONG_ACTION] = { "wrong-action", "it is for another action" },
  [DMS_CAPABILITY_FAULT_WRONG_SUBJECT] = { "wrong-subject", "it is for somebody else to use" },
  [DMS_CAPABILITY_FAULT_WRONG_AUDIENCE] = { "wrong-audience", "it is for use with another actor" },
  [DMS_CAPABILITY_FAULT_WRONG_CAPABILITY] = { "wrong-capability", "it is for another capability" },
  [DMS_CAPABILITY_FAULT_WRONG_TOPIC] = { "wrong-topic", "it is for another topic" },
  [DMS_CAPABILITY_FAULT_NOT_ANCHORED] = { "not-anchored",
                                          "its first issuer has no authority here that covers it" },
  [DMS_CAPABILITY_FAULT_BAD_SIGNATURE] = { "bad-signature", "it is not signed by its issuer" },
  [DMS_CAPABILITY_FAULT_WRONG_KEY_TYPE] = { "wrong-key-type",
                                            "its issuer is not a key that signatures can be checked with" },
  [DMS_CAPABILITY_FAULT_BROKEN_CHAIN] = { "broken-chain", "its issuer is not the subject of its parent" },
  [DMS_CAPABILITY_FAULT_PARENT_NOT_DELEGATE] = { "parent-not-delegate", "its parent is not a delegation" },
  [DMS_CAPABILITY_FAULT_WIDENED_AUDIENCE] = { "widened-audience", "its parent is for another audience" },
  [DMS_CAPABILITY_FAULT_WIDENED_TOPIC] = { "widened-topic", "its topics go beyond those of its parent" },
  [DMS_CAPABILITY_FAULT_WIDENED_CAPABILITY] = { "widened-capability",
                                                "its capabilities go beyond those of its parent" },
  [DMS_CAPABILITY_FAULT_OUTLIVES_PARENT] = { "outlives-parent", "it outlives its parent" },
  [DMS_CAPABILITY_FAULT_TOO_DEEP] = { "too-deep", "it was passed on further than it allows" },
  [DMS_CAPABILITY_FAULT_REVOKED] = { "revoked", "its issuer took it back" },
  [DMS_CAPABILITY_FAULT_EXPIRED] = { "expired", "its time is over" },
};

const char *
dms_capability_fault_get_nick (DmsCapabilityFault fault)
{
  g_return_val_if_fail (fault < DMS_N_CAPABILITY_FAULTS, "none");

  return words[fault].nick;
}

const char *
dms_capability_fault_get_text (DmsCapabilityFault fault)
{
  g_return_val_if_fail (fault < DMS_N_CAPABILITY_FAULTS, "");

  return words[fault].text;
}

DmsCapabilityFault
dms_capability_fault_of_error (const GError *error)
{
  const char *reason = dms_error_get_reason (error);

  for (guint i = 1; reason != NULL && i < DMS_N_CAPABILITY_FAULTS; i++)
    if (g_str_equal (words[i].nick, reason))
      return (DmsCapabilityFault) i;
  return DMS_CAPABILITY_FAULT_NONE;
}
