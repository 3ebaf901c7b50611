/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-token-bucket.h"

static void
refill (DmsTokenBucket *self, double rate, guint64 now_ns)
{
  if (now_ns > self->last_ns)
    self->taken = MAX (self->taken - (double) (now_ns - self->last_ns) * rate / 1e9, 0);
  self->last_ns = now_ns;
}

gboolean
dms_token_bucket_has_one (DmsTokenBucket *self, double rate, double burst, guint64 now_ns)
{
  if (rate <= 0)
    return TRUE;
  refill (self, rate, now_ns);
  return self->taken + 1 <= MAX (burst, 1);
}

void
dms_token_bucket_take (DmsTokenBucket *self, double rate, double burst, guint64 now_ns)
{
  if (rate <= 0)
    return;
  refill (self, rate, now_ns);
  self->taken = MIN (self->taken + 1, MAX (burst, 1));
}

gboolean
dms_token_bucket_is_full (DmsTokenBucket *self, double rate, guint64 now_ns)
{
  if (rate <= 0)
    return TRUE;
  refill (self, rate, now_ns);
  return self->taken <= 0;
}
