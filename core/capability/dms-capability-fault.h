/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Which rule of capability.md a token, or all that a message presents, fails.
 *
 * They are in order of how near the presented tokens came to being enough. When several tokens fail, each
 * for its own reason, the refusal is named after the one that came nearest: the greatest of their faults.
 * Senders attach tokens that are not meant for the question (a delegation for the answer, a self-signed
 * invocation for those who trust them), so the faults of tokens that are about something else come first;
 * then that of a token that says the right thing on nobody's authority; then what breaks a chain; and last
 * what would have held yesterday. */
typedef enum
{
  DMS_CAPABILITY_FAULT_NONE,
  /* Nothing was presented. */
  DMS_CAPABILITY_FAULT_NO_TOKEN,
  /* The list cannot be read, or is longer than 16,384 bytes. */
  DMS_CAPABILITY_FAULT_MALFORMED,
  DMS_CAPABILITY_FAULT_LIST_TOO_LARGE,
  /* The token is about something else than what is asked. */
  DMS_CAPABILITY_FAULT_WRONG_ACTION,
  DMS_CAPABILITY_FAULT_WRONG_SUBJECT,
  DMS_CAPABILITY_FAULT_WRONG_AUDIENCE,
  DMS_CAPABILITY_FAULT_WRONG_CAPABILITY,
  DMS_CAPABILITY_FAULT_WRONG_TOPIC,
  /* Its first link was issued by nobody who has authority here, and no require anchor allows it. */
  DMS_CAPABILITY_FAULT_NOT_ANCHORED,
  /* A link is not signed by its issuer; or its issuer, or an actor, is not of a kind that can sign. */
  DMS_CAPABILITY_FAULT_BAD_SIGNATURE,
  DMS_CAPABILITY_FAULT_WRONG_KEY_TYPE,
  /* A link and its parent do not fit. */
  DMS_CAPABILITY_FAULT_BROKEN_CHAIN,
  DMS_CAPABILITY_FAULT_PARENT_NOT_DELEGATE,
  DMS_CAPABILITY_FAULT_WIDENED_AUDIENCE,
  DMS_CAPABILITY_FAULT_WIDENED_TOPIC,
  DMS_CAPABILITY_FAULT_WIDENED_CAPABILITY,
  DMS_CAPABILITY_FAULT_OUTLIVES_PARENT,
  DMS_CAPABILITY_FAULT_TOO_DEEP,
  /* A link was taken back, or its time is over. */
  DMS_CAPABILITY_FAULT_REVOKED,
  DMS_CAPABILITY_FAULT_EXPIRED,
} DmsCapabilityFault;
#define DMS_N_CAPABILITY_FAULTS (DMS_CAPABILITY_FAULT_EXPIRED + 1)

/* A short word for logs and programs, such as "too-deep"; "none" for no fault. */
const char *dms_capability_fault_get_nick (DmsCapabilityFault fault);
/* The same for people: a clause about the token, such as "it was passed on further than it allows". */
const char *dms_capability_fault_get_text (DmsCapabilityFault fault);
/* The fault behind an error: from its reason (dms_error_get_reason()); NONE when that names no fault. */
DmsCapabilityFault dms_capability_fault_of_error (const GError *error);

G_END_DECLS
