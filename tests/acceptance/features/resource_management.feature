# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: resource management
  What a machine lends is known, is never exceeded, and comes back.

  Background:
    Given these nodes:
      | name    | role         |
      | Alice   | orchestrator |
      | Bob     | idle         |
    And they are members of the organisation "nunet"

  @quick
  Scenario: Onboard 2 cores / 4 GB / 10 GB
    When Bob lends 2 cores, 4 GB of memory and 10 GB of disk
    Then Bob is onboarded with 2 cores, 4 GB of memory and 10 GB of disk
    And Bob is idle

  @quick
  Scenario: Offboard
    Given Bob lends 1 core, a fifth of the memory and 2 GB of disk
    When Bob offboards
    Then Bob is not onboarded and lends nothing

  Scenario Outline: Broadcast job larger than onboarded: <cores> cores, <memory> GB, <disk> GB
    Given Bob lends 2 cores, 4 GB of memory and 10 GB of disk
    And a job that asks for <cores> cores, <memory> GB of memory and <disk> GB of disk
    When Alice deploys it
    Then Bob refuses it: resource
    And Alice is told why Bob does not run it: "<reason>"
    And the deployment does not run
    And nothing of it is left

    @quick
    Examples: too many cores
      | cores | memory | disk | reason                             |
      | 4     | 2      | 5    | too little CPU: about 2 cores of 4 |

    Examples: too much memory or disk
      | cores | memory | disk | reason          |
      | 1     | 6      | 5    | too little RAM  |
      | 1     | 2      | 20   | too little disk |

  Scenario Outline: The same, targeted at one peer: <cores> cores, <memory> GB, <disk> GB
    Given Bob lends 2 cores, 4 GB of memory and 10 GB of disk
    And a job that asks Bob for <cores> cores, <memory> GB of memory and <disk> GB of disk
    When Alice deploys it
    Then Bob refuses it: resource
    And Alice is told why Bob does not run it: "too little"
    And the deployment does not run
    And nothing of it is left

    Examples:
      | cores | memory | disk |
      | 4     | 2      | 5    |
      | 1     | 6      | 5    |
      | 1     | 2      | 20   |

  Scenario: Deployment takes resources
    Given Bob lends 2 cores, 4 GB of memory and 10 GB of disk
    And a job that asks for 1 cores, 2 GB of memory and 5 GB of disk
    When Alice deploys it
    Then the deployment becomes Running
    And Bob holds 1 cores, 2 GB of memory and 5 GB of disk and has 1, 2 and 5 left

  Scenario: End of deployment gives them back
    Given Bob lends 2 cores, 4 GB of memory and 10 GB of disk
    And a job that asks for 1 cores, 2 GB of memory and 5 GB of disk
    When Alice deploys it
    Then the deployment becomes Running
    And the providers hold exactly what it asked for
    When Alice shuts it down
    Then the deployment becomes Completed
    And Bob holds 0 cores, 0 GB of memory and 0 GB of disk and has 2, 4 and 10 left
    And nothing of it is left

  Scenario Outline: CPU limit enforced: <executor>
    Given Bob lends 1 core, a fifth of the memory and 2 GB of disk
    And jobs run in a <executor>
    And a job with these allocations:
      | node | name | cores | runs                                                                      |
      | here | main | 0.2   | end=$(($(date +%s)+4)); while [ $(date +%s) -lt $end ]; do :; done; times |
    When Alice deploys it
    Then the deployment becomes Completed
    And "here.main" used at most 1.6 s of processor time
    And nothing of it is left

    Examples: in a sandbox
      | executor |
      | process  |

    @engine
    Examples: in a container
      | executor |
      | docker   |

  Scenario Outline: RAM limit enforced: <executor>
    Given Bob lends 1 core, a fifth of the memory and 2 GB of disk
    And jobs run in a <executor>
    And a job with these allocations:
      | node | name | memory | runs                            |
      | here | main | 32MiB  | x=a; while true; do x=$x$x; done |
    When Alice deploys it
    Then the deployment becomes Failed
    And its error says "memory limit of 32"
    And nothing of it is left

    Examples: in a sandbox
      | executor |
      | process  |

    @engine
    Examples: in a container
      | executor |
      | docker   |

  Scenario Outline: Disk limit enforced: <executor>
    Given Bob lends 1 core, a fifth of the memory and 2 GB of disk
    And jobs run in a <executor>
    And a job with these allocations:
      | node | name | disk  | runs                                                           |
      | here | main | 32MiB | head -c 100000000 /dev/zero > "$HOME/big"; echo kept; sleep 60 |
    When Alice deploys it
    Then the deployment becomes Failed
    And its error says "disk limit of 32"
    And nothing of it is left

    Examples: in a sandbox
      | executor |
      | process  |

    @engine
    Examples: in a container
      | executor |
      | docker   |

  @quick
  Scenario: Read hardware specification
    Then Bob's hardware is what the kernel says of the machine

  Scenario: Read hardware usage
    Then Bob's hardware usage is more than nothing and less than all
