@buying
Feature: What is not sold any more
  A product that the merchant withdraws is not sold from carts that it lies in, either. Its buyers are told before anything is held or paid.

  Background:
    Given a product "shirt" at 19.90 EUR with stock 5
    And a product "cap" at 9.90 EUR with stock 5
    And ann has 2 "shirt" in her cart
    And ann has 1 "cap" in her cart

  Scenario Outline: Withdrawn while it lies in a cart
    When the merchant makes the product of "shirt" <status>
    Then ann's cart can't be checked out because of not_for_sale
    When ann checks out
    Then ann is told not_for_sale
    And ann's cart is open
    And nobody without an order was charged
    And the stock of "shirt" is 5 on hand, 0 reserved, 0 allocated, 5 available
    When ann takes "shirt" out of her cart
    Then ann's cart can be checked out
    When ann checks out
    Then ann's order is placed

    Examples:
      | status   |
      | draft    |
      | archived |

  Scenario: Deleted while it lies in a cart
    When the merchant takes "shirt" out of the catalogue
    Then ann's cart can't be checked out because of not_for_sale, not_priced
    When ann checks out
    Then ann is told not_for_sale
    And ann's cart is open
    And nobody without an order was charged
    When ann takes "shirt" out of her cart
    And ann checks out
    Then ann's order is placed

  Scenario: Offered again
    Given the merchant makes the product of "shirt" draft
    When the merchant makes the product of "shirt" published
    Then ann's cart can be checked out
    When ann checks out
    Then ann's order is placed
