@apart
Feature: A part of the shop is away
  A shop in several processes says the truth about what it can't do, does the rest, and is whole again as soon as its parts are.

  Background:
    Given catalog, pricing, inventory and payment run in processes of their own
    And a product "shirt" at 19.90 EUR with stock 5
    And ann has 1 "shirt" in her cart

  Scenario: Without inventory, people look, fill their carts and are told the truth
    When the inventory process is killed
    Then the shop shows "shirt" at 19.90 EUR
    When bob puts 2 "shirt" into his cart with the key "b1"
    Then bob's cart has 2 "shirt" at 19.90 EUR, together 39.80 EUR
    When ann checks out with the key "k1" in vain
    Then ann is told inventory_unavailable
    And ann was told so within 3 seconds
    And nobody was charged
    And the shop is ready, but for inventory
    When the inventory process is started again
    Then the shop finds inventory again
    When ann checks out with the key "k1"
    Then ann's order is placed
    And ann was charged once
    And the stock of "shirt" is 5 on hand, 0 reserved, 1 allocated, 4 available

  Scenario: What is to be held can't be put into a cart without inventory
    Given a product "watch" at 250.00 EUR with stock 1
    And "watch" is pessimistic
    When the inventory process is killed
    And ann puts 1 "watch" into her cart
    Then ann is told inventory_unavailable
    When the inventory process is started again
    Then the shop finds inventory again

  Scenario: Without payment nobody is charged, and nothing stays held
    When the payment process is killed
    And ann checks out with the key "k1" in vain
    Then ann is told payment_unavailable
    And ann was told so within 3 seconds
    And nothing is reserved of "shirt" within 1 second
    When the payment process is started again
    Then the shop finds payment again
    And nobody was charged
    When ann checks out with the key "k1"
    Then ann's order is placed
    And ann was charged once

  Scenario: Without catalog, what lies in carts is sold
    When the catalog process is killed
    Then ann's cart can be checked out
    When ann checks out with the key "k1"
    Then ann's order is placed
    And ann was charged once
    When the catalog process is started again
    Then the shop finds catalog again

  Scenario Outline: A <service> process that hangs is as good as away
    When the <service> process hangs
    And ann checks out with the key "k1" in vain
    Then ann is told <code>
    And ann was told so within 8 seconds
    And the shop is ready, but for <service>
    When the <service> process goes on
    And ann checks out with the key "k1" until it succeeds
    Then ann has 1 order
    And ann was charged once
    And the stock of "shirt" is 5 on hand, 0 reserved, 1 allocated, 4 available

    Examples:
      | service   | code                  |
      | inventory | inventory_unavailable |
      | payment   | payment_unavailable   |
      | pricing   | pricing_unavailable   |

  Scenario: What can't be answered says whose answer is missing
    When the pricing process is killed
    And ann checks out with the key "k1" in vain
    Then ann is told pricing_unavailable
    And the measurements tell of pricing
    When the pricing process is started again
    Then the shop finds pricing again

  Scenario Outline: A <service> process is killed <ms> ms into a checkout
    When ann begins to check out with the key "k1", and the <service> process is killed after <ms> ms
    And the <service> process is started again
    And ann checks out with the key "k1" until it succeeds
    Then ann has 1 order
    And ann was charged once
    And nobody without an order was charged
    And the stock of "shirt" is 5 on hand, 0 reserved, 1 allocated, 4 available

    Examples:
      | service   | ms |
      | inventory | 3  |
      | inventory | 8  |
      | inventory | 15 |
      | payment   | 5  |
      | payment   | 10 |
      | payment   | 20 |
