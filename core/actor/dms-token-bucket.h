/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* So many a second, and so many at once after a quiet time. A zeroed bucket is a full one. */
typedef struct {
  double taken;
  guint64 last_ns;
} DmsTokenBucket;

/* Whether there is one to take; nothing is taken. A rate of 0 is no limit. Clocks may jump: time that goes
 * back counts as none. */
gboolean dms_token_bucket_has_one (DmsTokenBucket *self, double rate, double burst, guint64 now_ns);
void dms_token_bucket_take (DmsTokenBucket *self, double rate, double burst, guint64 now_ns);
/* Whether nothing was taken that has not come back. */
gboolean dms_token_bucket_is_full (DmsTokenBucket *self, double rate, guint64 now_ns);

G_END_DECLS
