/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

/**
 * DmsMultibase:
 * @DMS_MULTIBASE_BASE16: hexadecimal, lower case: prefix `f`
 * @DMS_MULTIBASE_BASE16_UPPER: hexadecimal, upper case: prefix `F`
 * @DMS_MULTIBASE_BASE32: RFC 4648, lower case, without padding: prefix `b`
 * @DMS_MULTIBASE_BASE32_UPPER: RFC 4648, upper case, without padding: prefix `B`
 * @DMS_MULTIBASE_BASE36: lower case: prefix `k`
 * @DMS_MULTIBASE_BASE58BTC: the Bitcoin alphabet: prefix `z`
 * @DMS_MULTIBASE_BASE64: RFC 4648, without padding: prefix `m`
 * @DMS_MULTIBASE_BASE64_PAD: RFC 4648, with padding: prefix `M`
 * @DMS_MULTIBASE_BASE64_URL: RFC 4648, safe in URLs, without padding: prefix `u`
 * @DMS_MULTIBASE_BASE64_URL_PAD: RFC 4648, safe in URLs, with padding: prefix `U`
 *
 * How bytes are written as text (multiformats/multibase). The value is the character that the text begins
 * with.
 */
typedef enum
{
  DMS_MULTIBASE_BASE16 = 0x66,
  DMS_MULTIBASE_BASE16_UPPER = 0x46,
  DMS_MULTIBASE_BASE32 = 0x62,
  DMS_MULTIBASE_BASE32_UPPER = 0x42,
  DMS_MULTIBASE_BASE36 = 0x6b,
  DMS_MULTIBASE_BASE58BTC = 0x7a,
  DMS_MULTIBASE_BASE64 = 0x6d,
  DMS_MULTIBASE_BASE64_PAD = 0x4d,
  DMS_MULTIBASE_BASE64_URL = 0x75,
  DMS_MULTIBASE_BASE64_URL_PAD = 0x55,
} DmsMultibase;

DMS_EXPORT char *dms_multibase_encode (DmsMultibase base, GBytes *bytes, GError **error);
DMS_EXPORT GBytes *dms_multibase_decode (const char *text, GError **error);

G_END_DECLS
