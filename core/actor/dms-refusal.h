/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Why messages were refused, for counters and logs. Nothing of it is told to the sender. */
typedef enum {
  DMS_REFUSAL_NO_INBOX,
  DMS_REFUSAL_MALFORMED,
  DMS_REFUSAL_TOO_LARGE,
  DMS_REFUSAL_EXPIRED,
  DMS_REFUSAL_BAD_SIGNATURE,
  DMS_REFUSAL_WRONG_ADDRESS,    /* meant for another actor, another node or another topic */
  DMS_REFUSAL_WRONG_HOST,       /* the sender says it is on another peer than the one that brought it */
  DMS_REFUSAL_REPLAYED,
  DMS_REFUSAL_NOT_REMEMBERED,   /* it could not be remembered, so that a replay of it would pass */
  DMS_REFUSAL_NOT_AUTHORIZED,
  DMS_REFUSAL_NO_BEHAVIOUR,
  DMS_REFUSAL_BUSY,             /* a queue is full */
  DMS_REFUSAL_RATE_LIMITED,     /* more messages a second than is allowed */
  DMS_REFUSAL_TOO_MANY_AT_ONCE, /* more messages under handling than is allowed */
} DmsRefusal;
#define DMS_N_REFUSALS (DMS_REFUSAL_TOO_MANY_AT_ONCE + 1)

/* A short word, such as "rate-limited". */
const char *dms_refusal_get_nick (DmsRefusal refusal);
/* What an error of reading or checking a message means as a refusal. */
DmsRefusal dms_refusal_of_error (const GError *error);

G_END_DECLS
