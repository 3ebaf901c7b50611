/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_network_swarm = {
  .path = "network swarm",
  .summary = N_ ("put this node into a private network"),
  .description =
      N_ ("All nodes of a private network share one secret key. A node with a key talks only to "
          "those that have the same; to all others its port says nothing but noise. It is reached "
          "by TCP only then. Whoever has the key is in, so send it on a way that others cannot "
          "read, and make a new one when somebody is to leave.\n\n"
          "The key is in the file that p2p.private_network_key names. Without the file the node is "
          "in the open network; with one that cannot be read it does not start."),
  .examples = "  # the first node\n"
              "  nunet network swarm new\n"
              "  # each other node, with a copy of the file\n"
              "  nunet network swarm join swarm.key\n"
              "  # is it the same network?\n"
              "  nunet network swarm show\n",
};
